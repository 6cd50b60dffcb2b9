#ifndef TOKENSVC_SIGNER_RULES_SIGN_REQUEST_H_
#define TOKENSVC_SIGNER_RULES_SIGN_REQUEST_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// What crosses between a worker and signerd, as values; proto/signer/v1/signer.proto says what each field means.
namespace tokensvc {

// Persisted in signerd's log; the numbers are those of fly.signer.v1.RefusalCode. Append only.
enum class RefusalCode : uint8_t {
  kRequestMalformed = 1,
  kPlacementUnknown = 2,
  kPlacementMalformed = 3,
  kPlacementKeyUnknown = 4,
  kPlacementKeyRevoked = 5,
  kPlacementSignature = 6,
  kPlacementNotYetValid = 7,
  kPlacementExpired = 8,
  kWorkerMismatch = 9,
  kWorkerFenced = 10,
  kGenerationFenced = 11,
  kOrganizationUnknown = 12,
  kOrganizationNotActive = 13,
  kClaimsMismatch = 14,
  kAudienceInvalid = 15,
  kAudienceNotAllowed = 16,
  kRoleNotAllowed = 17,
  kTagsNotAllowed = 18,
  kLeaseExpired = 19,
  kClockUncertain = 20,
  kDeadlineExceeded = 21,
  kKeyUnavailable = 22,
  kLogUnavailable = 23,
  kOverloaded = 24,
  kImageNotAllowed = 25,
  kGenerationRegressed = 26,
};

// As in the protocol: "WORKER_MISMATCH".
absl::string_view RefusalName(RefusalCode code);

struct Refusal {
  RefusalCode code = RefusalCode::kRequestMalformed;
  std::string message;                                // `subject: found, want`
  absl::Duration retry_after = absl::ZeroDuration();  // zero: trying again cannot help
};

// One request as it arrived; nothing in it is believed.
struct SignRequest {
  uint64_t id = 0;
  std::string placement_sha256;
  std::string audience;
  std::string aws_role_arn;
  bool aws_principal_tags = false;
  std::string identity_claims_sha256;
  absl::Duration time_left;  // when it arrived
  std::string trace_id;
};

struct IncomingBatch {
  std::vector<std::string> placements;  // serialized SignedPlacements
  std::vector<SignRequest> requests;
};

struct SignedToken {
  std::string token;  // secret until it expires
  std::string jti;
  int64_t issued_unix = 0;
  int64_t expires_unix = 0;
};

struct SignOutcome {
  uint64_t id = 0;
  std::variant<Refusal, SignedToken> result;
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_RULES_SIGN_REQUEST_H_
