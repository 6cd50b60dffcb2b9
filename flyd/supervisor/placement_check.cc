#include "flyd/supervisor/placement_check.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace flyd {
namespace {

constexpr absl::Duration kAskEvery = absl::Seconds(10);

}  // namespace

std::optional<tokensvc::PlacementKey> PlacementCheck::Find(absl::string_view key_id) const {
  absl::MutexLock lock(&mu_);
  for (const tokensvc::PlacementKey& known : keys_) {
    if (known.key_id == key_id) return known;
  }
  return std::nullopt;
}

std::optional<tokensvc::PlacementKey> PlacementCheck::FindAnew(absl::string_view key_id, absl::Time now) const {
  {
    absl::MutexLock lock(&mu_);
    // A clock that was set back asks too.
    if (source_ == nullptr || absl::AbsDuration(now - asked_) < kAskEvery) return std::nullopt;
    asked_ = now;
  }
  absl::StatusOr<std::vector<tokensvc::PlacementKey>> present = source_();
  if (!present.ok()) return std::nullopt;  // fleetd is away: what is known goes on
  {
    absl::MutexLock lock(&mu_);
    keys_ = *std::move(present);
  }
  return Find(key_id);
}

absl::StatusOr<tokensvc::VerifiedPlacement> PlacementCheck::Check(absl::string_view signed_placement,
                                                                  absl::Time now) const {
  const absl::StatusOr<tokensvc::UnverifiedPlacement> decoded = tokensvc::DecodePlacement(signed_placement);
  if (!decoded.ok()) return decoded.status();
  const tokensvc::Placement& placement = decoded->placement;
  std::optional<tokensvc::PlacementKey> key = Find(placement.key_id);
  if (!key.has_value()) key = FindAnew(placement.key_id, now);
  if (!key.has_value()) {
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
