#ifndef TOKENSVC_SIGNER_RULES_REQUEST_CHECKER_H_
#define TOKENSVC_SIGNER_RULES_REQUEST_CHECKER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "tokensvc/clock.h"
#include "tokensvc/rpc/peer_identity.h"
#include "tokensvc/signer/fleet/fleet_view.h"
#include "tokensvc/signer/keys/token_key.h"
#include "tokensvc/signer/log/signature_log.h"
#include "tokensvc/signer/rules/clock_quality.h"
#include "tokensvc/signer/rules/placement_cache.h"
#include "tokensvc/signer/rules/sign_policy.h"
#include "tokensvc/signer/rules/sign_request.h"
#include "tokensvc/unique_id_source.h"

namespace tokensvc {

// A request that was judged: refused, or ready for the HSM.
struct CheckedRequest {
  SignOutcome outcome;      // a Refusal, or a SignedToken whose `token` is still to be filled in
  SignatureRecord record;   // its row of the log
  std::shared_ptr<const TokenKey> key;  // null: refused
  std::string signing_input;
  std::string sha256;       // of signing_input
  absl::Duration deadline;  // of the monotonic clock

  bool refused() const { return key == nullptr; }
  void Refuse(Refusal refusal);
};

// What one batch is judged by, read once for all of it.
struct CheckBasis {
  const PeerIdentity& peer;
  const FleetSnapshot& fleet;
  const TokenKeys& keys;
  absl::Duration arrived;  // of the monotonic clock
};

// Turns a batch into checked requests: finds the placements, asks the rules, chooses the keys, writes what is to be signed.
// Everything between the wire and the HSM, without a thread or a disk. Not thread-safe.
class RequestChecker {
 public:
  // `rules` is AllSignRules() but in tests. The references outlive the checker.
  RequestChecker(absl::Span<const SignRule> rules, const Clock& clock, const ClockQuality& quality, UniqueIdSource& ids)
      : rules_(rules), clock_(clock), quality_(quality), ids_(ids) {}

  // One result for each request, in its order. `known` holds the placements of the batch's stream.
  std::vector<CheckedRequest> Check(const IncomingBatch& batch, StreamPlacements& known, const CheckBasis& basis);

  // The same, all refused for one reason without being judged.
  std::vector<CheckedRequest> RefuseAll(const IncomingBatch& batch, const CheckBasis& basis, const Refusal& refusal) const;

  // The row of a message that is no batch at all.
  SignatureRecord MalformedRecord(const PeerIdentity& peer) const;

 private:
  CheckedRequest CheckOne(const SignRequest& request, StreamPlacements& known, const CheckBasis& basis);
  void Prepare(const TokenClaims& claims, const CheckBasis& basis, CheckedRequest& checked) const;

  const absl::Span<const SignRule> rules_;
  const Clock& clock_;
  const ClockQuality& quality_;
  UniqueIdSource& ids_;
  PlacementCache cache_;
  absl::flat_hash_map<std::string, uint64_t> served_generation_;  // by machine
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_RULES_REQUEST_CHECKER_H_
