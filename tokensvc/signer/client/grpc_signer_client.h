#ifndef TOKENSVC_SIGNER_CLIENT_GRPC_SIGNER_CLIENT_H_
#define TOKENSVC_SIGNER_CLIENT_GRPC_SIGNER_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tokensvc/clock.h"
#include "tokensvc/rpc/tls_credentials.h"
#include "tokensvc/signer/client/signer_port.h"

namespace tokensvc {

struct SignerClientOptions {
  std::vector<std::string> addresses;  // "host:port" of each replica, tried in order from the one that last answered
  TlsFiles tls;
  std::string fleet;
};

// SignerPort over one batched stream to one replica at a time (fly.signer.v1.Signer.Sign), paced by SignQueue.
//
// When the stream ends, what it had not answered is sent again on the next one while its deadline allows, at most
// kMaxAttempts times: a retry has a new jti, and the one that may have been signed unseen expires with nobody holding it.
//
// Thread-safe. Callbacks run on threads of gRPC or of this class, never under its lock.
class GrpcSignerClient final : public SignerPort {
 public:
  static constexpr int kMaxAttempts = 10;

  // Connects lazily. InvalidArgument: no address, or TLS files that do not fit. `clock` outlives this.
  static absl::StatusOr<std::unique_ptr<GrpcSignerClient>> Create(const SignerClientOptions& options,
                                                                  const Clock& clock);

  // Answers everything that waits with Unavailable, and returns when no callback can come any more.
  ~GrpcSignerClient() override;

  void Sign(SignItem item, SignDone done) override;

  // Since the start: how many tokens a batch carries on average is their ratio.
  struct Counters {
    uint64_t batches_sent = 0;
    uint64_t requests_sent = 0;
  };
  Counters counters() const;

  // Unavailable: no replica is connected. Begins to connect to those that are not: for who looks now and then.
  absl::Status Connected() const;

 private:
  class Core;
  explicit GrpcSignerClient(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_CLIENT_GRPC_SIGNER_CLIENT_H_
