#ifndef TOKENSVC_SIGNER_RULES_PLACEMENT_CACHE_H_
#define TOKENSVC_SIGNER_RULES_PLACEMENT_CACHE_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "tokensvc/fleetlog/fleet_state.h"
#include "tokensvc/placement/placement.h"
#include "tokensvc/signer/rules/sign_request.h"

namespace tokensvc {

// What signerd found out about bytes that a worker sent as a placement. It holds for good: what changes with time, fences
// or the fleet document is judged anew for each request.
struct PlacementEvidence {
  std::optional<Placement> placement;          // absent: the bytes are no placement
  std::optional<VerifiedPlacement> verified;   // absent: no known key signed it
  std::string sha256;                          // of the bytes
  std::string identity_claims_sha256;          // of the placement's claims
  Refusal fault;                               // why `verified` is absent
};

// Decodes the bytes and checks the signature under the key that `fleet` has for it.
std::shared_ptr<const PlacementEvidence> ExaminePlacement(absl::string_view signed_placement, const FleetState& fleet);

// The placements that workers named on any stream, so that each is verified once. Keeps the newest. Not thread-safe.
class PlacementCache {
 public:
  // As ExaminePlacement. Only what verified is kept: a failure may be repaired by the next entry of the fleet log.
  std::shared_ptr<const PlacementEvidence> Examine(absl::string_view signed_placement, const FleetState& fleet);

 private:
  absl::flat_hash_map<std::string, std::shared_ptr<const PlacementEvidence>> verified_;
  std::deque<std::string> oldest_first_;
};

// The placements of one stream, by SHA-256: what its requests may name. Keeps the newest 4,096. Not thread-safe.
class StreamPlacements {
 public:
  void Add(absl::string_view signed_placement, PlacementCache& cache, const FleetState& fleet);

  // Null: no placement of that hash was sent on the stream, or it is forgotten. What no known key had signed is examined
  // again under the present fleet document.
  std::shared_ptr<const PlacementEvidence> Find(absl::string_view sha256, PlacementCache& cache, const FleetState& fleet);

 private:
  struct Known {
    std::shared_ptr<const PlacementEvidence> evidence;
    std::string bytes;  // kept where examining them again may help
  };
  absl::flat_hash_map<std::string, Known> known_;
  std::deque<std::string> oldest_first_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_RULES_PLACEMENT_CACHE_H_
