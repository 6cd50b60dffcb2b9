#ifndef TOKENSVC_ISSUER_BUNDLE_CLIENT_H_
#define TOKENSVC_ISSUER_BUNDLE_CLIENT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tokensvc/clock.h"
#include "tokensvc/rpc/tls_credentials.h"

namespace tokensvc {

// Watches the key bundle of one signer after another (fly.signer.v1.Keys), from a thread of its own, for ever: a stream
// that ends is opened again after a pause.
class BundleClient {
 public:
  struct Events {
    std::function<void(const std::string& signed_bundle)> bundle;     // serialized SignedKeyBundle
    std::function<void(absl::string_view signer, absl::string_view why)> lost;
  };

  // InvalidArgument: no signer, or TLS files that do not fit. `clock` outlives this.
  static absl::StatusOr<std::unique_ptr<BundleClient>> Create(const std::vector<std::string>& signers,
                                                              const TlsFiles& tls, const std::string& fleet,
                                                              const Clock& clock, Events events);
  // No event comes once it has returned.
  ~BundleClient();

 private:
  class Core;
  explicit BundleClient(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_ISSUER_BUNDLE_CLIENT_H_
