#ifndef TOKENSVC_SIGNER_RULES_SIGN_POLICY_H_
#define TOKENSVC_SIGNER_RULES_SIGN_POLICY_H_

#include <cstdint>
#include <optional>
#include <variant>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "tokensvc/claims/token_claims.h"
#include "tokensvc/rpc/peer_identity.h"
#include "tokensvc/signer/fleet/fleet_view.h"
#include "tokensvc/signer/rules/placement_cache.h"
#include "tokensvc/signer/rules/sign_request.h"

// Whether one request may be signed: a pure function of what the worker asks, who it is, what the authority said, and the
// time. The whole of signerd's judgement stands here, as one ordered table.
namespace tokensvc {

// A longer error bound of the clock would date tokens wrongly.
inline constexpr absl::Duration kMaxClockError = absl::Seconds(1);

// How far a head's `issued` may lie ahead of this clock.
inline constexpr absl::Duration kHeadSkew = absl::Seconds(5);

// Whether the fleet's head, the signing lease, allows signatures at `now`.
bool HoldsLease(const FleetSnapshot& fleet, absl::Time now);

struct SignCase {
  const SignRequest& request;
  const PlacementEvidence& evidence;
  const Placement& placement;  // evidence.placement: without one there is nothing to judge
  const FleetSnapshot& fleet;
  const PeerIdentity& peer;
  absl::Time now;
  absl::Duration clock_error;  // bound of `now`'s error; infinite where it is unknown
  absl::Duration waited;       // since the request arrived
  uint64_t served_generation;  // the highest of this machine that this process has signed for; 0: none
};

// One thing that must hold. No value: it holds.
struct SignRule {
  absl::string_view name;
  std::optional<Refusal> (*check)(const SignCase& sign_case);
};

// Every rule, in the order in which they are asked; the first that does not hold names the refusal.
absl::Span<const SignRule> AllSignRules();

// The claims to be signed, derived from the placement alone, under a new `jti`; or why not. `rules` is AllSignRules()
// everywhere but in tests that show that each of them is needed.
std::variant<Refusal, TokenClaims> JudgeSignRequest(const SignCase& sign_case, absl::Span<const SignRule> rules,
                                                    absl::string_view jti);

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_RULES_SIGN_POLICY_H_
