#ifndef TOKENSVC_ISSUER_ISSUERD_H_
#define TOKENSVC_ISSUER_ISSUERD_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tokensvc/clock.h"
#include "tokensvc/issuer/bundle_client.h"
#include "tokensvc/issuer/bundle_store.h"
#include "tokensvc/issuer/issuerd_config.h"
#include "tokensvc/http/http_server.h"
#include "tokensvc/rpc/json_log.h"

namespace tokensvc {

// issuerd: the public documents of every organization, from the signed bundle. Signs nothing; serves the last bundle
// without limit when signers are away.
class Issuerd {
 public:
  // Errors of what it opens. `clock` outlives it.
  static absl::StatusOr<std::unique_ptr<Issuerd>> Create(const IssuerdConfig& config, const Clock& clock);

  // Until SIGTERM or SIGINT.
  absl::Status RunUntilSignalled();

  const std::string& address() const { return address_; }

 private:
  explicit Issuerd(const Clock& clock) : log_(clock, 2) {}
  void OnBundle(const std::string& signed_bundle);

  JsonLog log_;
  std::unique_ptr<BundleStore> bundles_;
  std::unique_ptr<HttpServer> server_;
  std::string address_;
  std::unique_ptr<BundleClient> client_;  // last: calls the others
};

}  // namespace tokensvc

#endif  // TOKENSVC_ISSUER_ISSUERD_H_
