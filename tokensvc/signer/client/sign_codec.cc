#include "tokensvc/signer/client/sign_codec.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/signer/v1/signer.pb.h"
#include "tokensvc/rpc/error_details.h"

namespace tokensvc {
namespace {

namespace pb = fly::signer::v1;

// By what the caller can do: give up, ask with other parameters, or try again.
absl::StatusCode CodeOf(pb::RefusalCode code) {
  switch (code) {
    case pb::REQUEST_MALFORMED:
    case pb::AUDIENCE_INVALID:
      return absl::StatusCode::kInvalidArgument;
    case pb::AUDIENCE_NOT_ALLOWED:
    case pb::ROLE_NOT_ALLOWED:
    case pb::TAGS_NOT_ALLOWED:
    case pb::IMAGE_NOT_ALLOWED:
    case pb::ORGANIZATION_UNKNOWN:
    case pb::ORGANIZATION_NOT_ACTIVE:
    case pb::WORKER_MISMATCH:
    case pb::WORKER_FENCED:
    case pb::GENERATION_FENCED:
    case pb::GENERATION_REGRESSED:
    case pb::PLACEMENT_MALFORMED:
    case pb::PLACEMENT_KEY_UNKNOWN:
    case pb::PLACEMENT_KEY_REVOKED:
    case pb::PLACEMENT_SIGNATURE:
    case pb::PLACEMENT_NOT_YET_VALID:
    case pb::PLACEMENT_EXPIRED:
    case pb::CLAIMS_MISMATCH:
      return absl::StatusCode::kPermissionDenied;
    case pb::DEADLINE_EXCEEDED:
      return absl::StatusCode::kDeadlineExceeded;
    case pb::OVERLOADED:
      return absl::StatusCode::kResourceExhausted;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

}  // namespace

void EncodeSignRequest(uint64_t id, const SignItem& item, absl::Time now, pb::SignRequest& request) {
  request.set_id(id);
  request.set_placement_sha256(item.placement_sha256);
  request.set_audience(item.audience);
  request.set_aws_role_arn(item.aws_role_arn);
  request.set_aws_principal_tags(item.aws_principal_tags);
  request.set_identity_claims_sha256(item.identity_claims_sha256);
  const int64_t left = absl::ToInt64Milliseconds(item.deadline - now);
  request.set_deadline_ms(static_cast<uint32_t>(std::clamp<int64_t>(left, 1, 10'000)));
  request.set_trace_id(item.trace_id);
}

absl::Status RefusalStatus(const pb::Refusal& refusal) {
  const std::string name = pb::RefusalCode_IsValid(refusal.code()) ? pb::RefusalCode_Name(refusal.code())
                                                                   : absl::StrCat("REFUSAL_", refusal.code());
  absl::Status status =
      WithReason(absl::Status(CodeOf(refusal.code()), absl::StrCat("signer ", name, ": ", refusal.message())), name);
  if (refusal.retry_after_ms() > 0) {
    status = WithRetryDelay(std::move(status), absl::Milliseconds(refusal.retry_after_ms()));
  }
  return status;
}

absl::StatusOr<SignedItem> DecodeSignResult(const pb::SignResult& result) {
  switch (result.outcome_case()) {
    case pb::SignResult::kToken:
      return SignedItem{.token = result.token().token(),
                        .jti = result.token().jti(),
                        .issued_at = absl::FromUnixSeconds(result.token().issued_unix()),
                        .expires_at = absl::FromUnixSeconds(result.token().expires_unix())};
    case pb::SignResult::kRefusal:
      return RefusalStatus(result.refusal());
    case pb::SignResult::OUTCOME_NOT_SET:
      break;
  }
  return absl::InternalError("signer result: empty, want a token or a refusal");
}

}  // namespace tokensvc
