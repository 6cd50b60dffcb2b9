#ifndef TOKENSVC_MACAROON_BOOT_BOOT_TOKEN_H_
#define TOKENSVC_MACAROON_BOOT_BOOT_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/secret_bytes.h"

namespace tokensvc::macaroon {

// The machine features that a boot token allows; values of the public Machines API.
inline constexpr absl::string_view kOidcFeature = "oidc";          // mint identity tokens: Action::kCreate
inline constexpr absl::string_view kMetadataFeature = "metadata";  // read the machine's own record: Action::kRead

// One boot of one machine, as its token names it.
struct BootTokenParams {
  std::string kid;  // EncodeWorkerKid
  std::string rnd;  // 16 bytes that never repeat: the boot's nonce
  uint64_t organization_id = 0;
  uint64_t app_id = 0;
  std::string machine_id;
};

// The token that the machine's PID 1 holds for one boot, as an Authorization header value ("FlyV1 fm2_…"). Location
// kPermissionLocation; caveats in this order: Organization, Apps, Machines, MachineFeatureSet {metadata, oidc} and
// FromMachineSource, every mask Action::kAll. It does not expire: it dies with the boot.
//
// The same parameters and key give the same token, so a boot answer can be made again after a crash.
// InvalidArgument, naming the field: an id that is zero or empty, `rnd` not 16 bytes, `kid` empty.
absl::StatusOr<std::string> MintBootToken(const storage::SecretBytes& worker_root_key, const BootTokenParams& params);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_BOOT_BOOT_TOKEN_H_
