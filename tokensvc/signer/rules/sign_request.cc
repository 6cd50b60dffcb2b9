#include "tokensvc/signer/rules/sign_request.h"

namespace tokensvc {

absl::string_view RefusalName(RefusalCode code) {
  switch (code) {
    case RefusalCode::kRequestMalformed: return "REQUEST_MALFORMED";
    case RefusalCode::kPlacementUnknown: return "PLACEMENT_UNKNOWN";
    case RefusalCode::kPlacementMalformed: return "PLACEMENT_MALFORMED";
    case RefusalCode::kPlacementKeyUnknown: return "PLACEMENT_KEY_UNKNOWN";
    case RefusalCode::kPlacementKeyRevoked: return "PLACEMENT_KEY_REVOKED";
    case RefusalCode::kPlacementSignature: return "PLACEMENT_SIGNATURE";
    case RefusalCode::kPlacementNotYetValid: return "PLACEMENT_NOT_YET_VALID";
    case RefusalCode::kPlacementExpired: return "PLACEMENT_EXPIRED";
    case RefusalCode::kWorkerMismatch: return "WORKER_MISMATCH";
    case RefusalCode::kWorkerFenced: return "WORKER_FENCED";
    case RefusalCode::kGenerationFenced: return "GENERATION_FENCED";
    case RefusalCode::kOrganizationUnknown: return "ORGANIZATION_UNKNOWN";
    case RefusalCode::kOrganizationNotActive: return "ORGANIZATION_NOT_ACTIVE";
    case RefusalCode::kClaimsMismatch: return "CLAIMS_MISMATCH";
    case RefusalCode::kAudienceInvalid: return "AUDIENCE_INVALID";
    case RefusalCode::kAudienceNotAllowed: return "AUDIENCE_NOT_ALLOWED";
    case RefusalCode::kRoleNotAllowed: return "ROLE_NOT_ALLOWED";
    case RefusalCode::kTagsNotAllowed: return "TAGS_NOT_ALLOWED";
    case RefusalCode::kLeaseExpired: return "LEASE_EXPIRED";
    case RefusalCode::kClockUncertain: return "CLOCK_UNCERTAIN";
    case RefusalCode::kDeadlineExceeded: return "DEADLINE_EXCEEDED";
    case RefusalCode::kKeyUnavailable: return "KEY_UNAVAILABLE";
    case RefusalCode::kLogUnavailable: return "LOG_UNAVAILABLE";
    case RefusalCode::kOverloaded: return "OVERLOADED";
    case RefusalCode::kImageNotAllowed: return "IMAGE_NOT_ALLOWED";
    case RefusalCode::kGenerationRegressed: return "GENERATION_REGRESSED";
  }
  return "REFUSAL_CODE_UNSPECIFIED";
}

}  // namespace tokensvc
