#include "flyd/guest/parse_mint_request.h"

#include "absl/strings/str_cat.h"
#include "flyd/guest/json_object.h"
#include "nlohmann/json.hpp"
#include "tokensvc/limits.h"
#include "tokensvc/names.h"

namespace flyd {
namespace {

using nlohmann::json;

absl::Status Bad(absl::string_view field, absl::string_view found, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", found, ", want ", want));
}

absl::Status TakeString(const json& value, const char* field, std::string& out) {
  if (!value.is_string()) return Bad(field, value.type_name(), "a string");
  out = value.get<std::string>();
  return absl::OkStatus();
}

absl::Status TakeMember(const std::string& name, const json& value, GuestMintRequest& request) {
  if (name == "aud") {
    if (absl::Status status = TakeString(value, "aud", request.audience); !status.ok()) return status;
    if (!request.audience.empty() && !tokensvc::IsAudience(request.audience)) {
      return Bad("aud", absl::StrCat(request.audience.size(), " bytes"),
                 absl::StrCat("at most ", tokensvc::kMaxAudienceBytes, " bytes without control characters"));
    }
    return absl::OkStatus();
  }
  if (name == "aws_role_arn") {
    if (absl::Status status = TakeString(value, "aws_role_arn", request.aws_role_arn); !status.ok()) return status;
    if (!request.aws_role_arn.empty() && !tokensvc::IsRoleArn(request.aws_role_arn)) {
      return Bad("aws_role_arn", absl::StrCat(request.aws_role_arn.size(), " bytes"), "a role's ARN");
    }
    return absl::OkStatus();
  }
  if (name == "aws_principal_tags") {
    if (!value.is_boolean()) return Bad("aws_principal_tags", value.type_name(), "true or false");
    request.aws_principal_tags = value.get<bool>();
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("body: an unknown member, want aud, aws_role_arn or aws_principal_tags");
}

}  // namespace

absl::StatusOr<GuestMintRequest> ParseMintRequest(absl::string_view body) {
  GuestMintRequest request;
  if (body.empty()) return request;
  const absl::StatusOr<json> object = ParseJsonObject(body);
  if (!object.ok()) return object.status();
  for (const auto& [name, value] : object->items()) {
    if (absl::Status status = TakeMember(name, value, request); !status.ok()) return status;
  }
  return request;
}

}  // namespace flyd
