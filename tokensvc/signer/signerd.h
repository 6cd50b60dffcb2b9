#ifndef TOKENSVC_SIGNER_SIGNERD_H_
#define TOKENSVC_SIGNER_SIGNERD_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tokensvc/clock.h"
#include "tokensvc/pkcs11/pkcs11_token.h"
#include "tokensvc/rpc/json_log.h"
#include "tokensvc/signer/rules/clock_quality.h"
#include "tokensvc/signer/signer_server.h"
#include "tokensvc/signer/signerd_config.h"

namespace tokensvc {

// The program: HSM, server, and the signals that end it.
class Signerd {
 public:
  // Everything is open and listening, and has been announced (ready file, stdout). `clock` outlives the object. Blocks
  // SIGTERM and SIGINT in the calling thread and those made from it.
  static absl::StatusOr<std::unique_ptr<Signerd>> Create(const SignerdConfig& config, const Clock& clock);

  // Returns OK after SIGTERM or SIGINT.
  absl::Status RunUntilSignalled();

 private:
  Signerd(const SignerdConfig& config, const Clock& clock) : log_(clock, 2), quality_(config.require_synchronized_clock) {}
  JsonLog log_;
  const KernelClockQuality quality_;
  std::unique_ptr<Pkcs11Token> token_;
  std::unique_ptr<SignerServer> server_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_SIGNERD_H_
