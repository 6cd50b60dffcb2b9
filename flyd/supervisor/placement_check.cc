#include "flyd/supervisor/placement_check.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace flyd {

absl::StatusOr<tokensvc::VerifiedPlacement> PlacementCheck::Check(absl::string_view signed_placement,
                                                                  absl::Time now) const {
  const absl::StatusOr<tokensvc::UnverifiedPlacement> decoded = tokensvc::DecodePlacement(signed_placement);
  if (!decoded.ok()) return decoded.status();
  const tokensvc::Placement& placement = decoded->placement;
  const tokensvc::PlacementKey* key = nullptr;
  for (const tokensvc::PlacementKey& known : keys_) {
    if (known.key_id == placement.key_id) key = &known;
  }
  if (key == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("placement key_id: ", placement.key_id, ", want one of this fleet"));
  }
  absl::StatusOr<tokensvc::VerifiedPlacement> verified =
      tokensvc::VerifyPlacement(*decoded, signed_placement, key->spki_der);
  if (!verified.ok()) return absl::InvalidArgumentError(verified.status().message());
  if (placement.worker != worker_) {
    return absl::InvalidArgumentError(absl::StrCat("placement worker: ", placement.worker, ", want ", worker_));
  }
  if (now >= placement.expires) {
    return absl::InvalidArgumentError(
        absl::StrCat("placement: expired at ", absl::FormatTime(placement.expires), ", now it is ", absl::FormatTime(now)));
  }
  return verified;
}

}  // namespace flyd
