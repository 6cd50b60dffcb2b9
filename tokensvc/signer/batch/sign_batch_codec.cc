#include "tokensvc/signer/batch/sign_batch_codec.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "proto/signer/v1/signer.pb.h"
#include "tokensvc/limits.h"

namespace tokensvc {
namespace {

namespace pb = fly::signer::v1;

static_assert(static_cast<int>(RefusalCode::kRequestMalformed) == pb::REQUEST_MALFORMED);
static_assert(static_cast<int>(RefusalCode::kClaimsMismatch) == pb::CLAIMS_MISMATCH);
static_assert(static_cast<int>(RefusalCode::kGenerationRegressed) == pb::GENERATION_REGRESSED);
static_assert(pb::RefusalCode_MAX == pb::GENERATION_REGRESSED, "RefusalCode lacks the newest number");

bool HasUnknownFields(const google::protobuf::Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}

SignRequest RequestFromProto(const pb::SignRequest& proto) {
  return {.id = proto.id(),
          .placement_sha256 = proto.placement_sha256(),
          .audience = proto.audience(),
          .aws_role_arn = proto.aws_role_arn(),
          .aws_principal_tags = proto.aws_principal_tags(),
          .identity_claims_sha256 = proto.identity_claims_sha256(),
          .time_left = absl::Milliseconds(proto.deadline_ms()),
          .trace_id = proto.trace_id()};
}

}  // namespace

absl::StatusOr<IncomingBatch> DecodeSignBatch(const pb::SignBatch& proto) {
  bool unknown = HasUnknownFields(proto);
  for (const pb::SignRequest& request : proto.requests()) unknown = unknown || HasUnknownFields(request);
  if (unknown) return absl::InvalidArgumentError("sign batch: unknown fields, want a SignBatch");
  if (proto.requests_size() > kMaxSignBatch || proto.placements_size() > kMaxSignBatch) {
    return absl::InvalidArgumentError(absl::StrCat("sign batch: ", proto.requests_size(), " requests, ",
                                                   proto.placements_size(), " placements, want at most ", kMaxSignBatch,
                                                   " of each"));
  }
  IncomingBatch batch;
  batch.placements.assign(proto.placements().begin(), proto.placements().end());
  batch.requests.reserve(proto.requests_size());
  for (const pb::SignRequest& request : proto.requests()) batch.requests.push_back(RequestFromProto(request));
  return batch;
}

void EncodeSignOutcomes(const std::vector<SignOutcome>& outcomes, pb::SignBatchResult& proto) {
  proto.mutable_results()->Reserve(static_cast<int>(outcomes.size()));
  for (const SignOutcome& outcome : outcomes) {
    pb::SignResult& result = *proto.add_results();
    result.set_id(outcome.id);
    if (const SignedToken* token = std::get_if<SignedToken>(&outcome.result)) {
      result.mutable_token()->set_token(token->token);
      result.mutable_token()->set_jti(token->jti);
      result.mutable_token()->set_issued_unix(token->issued_unix);
      result.mutable_token()->set_expires_unix(token->expires_unix);
    } else {
      const Refusal& refusal = std::get<Refusal>(outcome.result);
      result.mutable_refusal()->set_code(static_cast<pb::RefusalCode>(refusal.code));
      result.mutable_refusal()->set_message(refusal.message);
      result.mutable_refusal()->set_retry_after_ms(
          static_cast<uint32_t>(absl::ToInt64Milliseconds(refusal.retry_after)));
    }
  }
}

}  // namespace tokensvc
