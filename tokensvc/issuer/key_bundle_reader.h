#ifndef TOKENSVC_ISSUER_KEY_BUNDLE_READER_H_
#define TOKENSVC_ISSUER_KEY_BUNDLE_READER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tokensvc/fleetlog/fleet_log_values.h"

namespace tokensvc {

struct PublishedKey {
  KeySlot slot;
  std::string spki_der;
};

// What a signer publishes for all organizations of the fleet.
struct KeyBundle {
  std::string fleet;
  std::string issuer_base;
  uint64_t fleet_log_number = 0;
  absl::Time issued;
  std::vector<OrganizationIssuer> organizations;
  std::vector<PublishedKey> keys;
};

// A bundle whose signature holds under the key that it carries. Whether that key is the right one is the caller's to
// say: bundle_key_spki(). Only ReadKeyBundle makes one.
class VerifiedKeyBundle {
 public:
  const KeyBundle& bundle() const { return bundle_; }
  const std::string& bundle_key_spki() const { return bundle_key_spki_; }

 private:
  friend absl::StatusOr<VerifiedKeyBundle> ReadKeyBundle(absl::string_view);
  VerifiedKeyBundle(KeyBundle bundle, std::string spki) : bundle_(std::move(bundle)), bundle_key_spki_(std::move(spki)) {}
  KeyBundle bundle_;
  std::string bundle_key_spki_;
};

// `signed_bundle`: the serialized SignedKeyBundle. InvalidArgument: not its canonical bytes, or a field out of its bounds.
// PermissionDenied: the signature does not hold.
absl::StatusOr<VerifiedKeyBundle> ReadKeyBundle(absl::string_view signed_bundle);

}  // namespace tokensvc

#endif  // TOKENSVC_ISSUER_KEY_BUNDLE_READER_H_
