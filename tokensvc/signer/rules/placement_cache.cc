#include "tokensvc/signer/rules/placement_cache.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tokensvc/claims/identity_claims.h"

namespace tokensvc {
namespace {

constexpr size_t kCachedPlacements = 65536;
constexpr size_t kStreamPlacements = 4096;

}  // namespace

std::shared_ptr<const PlacementEvidence> ExaminePlacement(absl::string_view signed_placement, const FleetState& fleet) {
  auto evidence = std::make_shared<PlacementEvidence>();
  evidence->sha256 = PlacementSha256(signed_placement);
  const absl::StatusOr<UnverifiedPlacement> decoded = DecodePlacement(signed_placement);
  if (!decoded.ok()) {
    evidence->fault = {.code = RefusalCode::kPlacementMalformed, .message = std::string(decoded.status().message())};
    return evidence;
  }
  evidence->placement = decoded->placement;
  evidence->identity_claims_sha256 = IdentityClaimsDigest(decoded->placement.identity);
  const PlacementKey* key = fleet.FindPlacementKey(decoded->placement.key_id);
  if (key == nullptr) {
    evidence->fault = {.code = RefusalCode::kPlacementKeyUnknown,
                       .message = "placement key_id: not in the fleet document, want a key of it"};
    return evidence;
  }
  absl::StatusOr<VerifiedPlacement> verified = VerifyPlacement(*decoded, signed_placement, key->spki_der);
  if (verified.ok()) {
    evidence->verified = *std::move(verified);
  } else {
    evidence->fault = {.code = RefusalCode::kPlacementSignature, .message = std::string(verified.status().message())};
  }
  return evidence;
}

std::shared_ptr<const PlacementEvidence> PlacementCache::Examine(absl::string_view signed_placement,
                                                                 const FleetState& fleet) {
  const std::string sha256 = PlacementSha256(signed_placement);
  if (const auto found = verified_.find(sha256); found != verified_.end()) return found->second;
  std::shared_ptr<const PlacementEvidence> evidence = ExaminePlacement(signed_placement, fleet);
  if (!evidence->verified.has_value()) return evidence;
  if (oldest_first_.size() >= kCachedPlacements) {
    verified_.erase(oldest_first_.front());
    oldest_first_.pop_front();
  }
  verified_.emplace(sha256, evidence);
  oldest_first_.push_back(sha256);
  return evidence;
}

void StreamPlacements::Add(absl::string_view signed_placement, PlacementCache& cache, const FleetState& fleet) {
  Known known{.evidence = cache.Examine(signed_placement, fleet), .bytes = ""};
  if (known.evidence->placement.has_value() && !known.evidence->verified.has_value()) {
    known.bytes = std::string(signed_placement);
  }
  const std::string sha256 = known.evidence->sha256;
  if (!known_.insert_or_assign(sha256, std::move(known)).second) return;
  oldest_first_.push_back(sha256);
  if (oldest_first_.size() <= kStreamPlacements) return;
  known_.erase(oldest_first_.front());
  oldest_first_.pop_front();
}

std::shared_ptr<const PlacementEvidence> StreamPlacements::Find(absl::string_view sha256, PlacementCache& cache,
                                                                const FleetState& fleet) {
  const auto found = known_.find(sha256);
  if (found == known_.end()) return nullptr;
  Known& known = found->second;
  if (known.evidence->fault.code == RefusalCode::kPlacementKeyUnknown && !known.bytes.empty() &&
      fleet.FindPlacementKey(known.evidence->placement->key_id) != nullptr) {
    known.evidence = cache.Examine(known.bytes, fleet);
  }
  return known.evidence;
}

}  // namespace tokensvc
