#include "tools/trust/aws_document.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tools/trust/glob_match.h"
#include "tools/trust/parse_document.h"

namespace tools {
namespace {

using nlohmann::json;

constexpr absl::string_view kProviderInArn = ":oidc-provider/";

absl::Status Bad(const std::string& where, absl::string_view found, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", found, ", want ", want));
}

absl::Status ReadFederated(const std::string& where, const json& federated, AwsStatement& statement) {
  const absl::StatusOr<std::vector<std::string>> all = StringOrStrings(where, federated);
  if (!all.ok()) return all.status();
  for (const std::string& each : *all) {
    const size_t at = absl::string_view(each).find(kProviderInArn);
    if (each == "*") statement.any_principal = true;
    else if (at != each.npos) statement.providers.push_back(each.substr(at + kProviderInArn.size()));
  }
  return absl::OkStatus();
}

// Principals of other kinds (AWS, Service) never make a web-identity call.
absl::Status ReadPrincipal(const json& principal, AwsStatement& statement) {
  const std::string where = absl::StrCat(statement.name, ": Principal");
  if (principal == "*") {
    statement.any_principal = true;
    return absl::OkStatus();
  }
  if (!principal.is_object()) return Bad(where, principal.type_name(), "an object, or \"*\"");
  const auto federated = principal.find("Federated");
  return federated == principal.end() ? absl::OkStatus() : ReadFederated(where, *federated, statement);
}

absl::Status ReadConditions(const json& conditions, AwsStatement& statement) {
  const std::string where = absl::StrCat(statement.name, ": Condition");
  if (!conditions.is_object()) return Bad(where, conditions.type_name(), "an object");
  for (const auto& [operator_text, keys] : conditions.items()) {
    const std::string place = absl::StrCat(where, ": ", operator_text);
    if (!keys.is_object()) return Bad(place, keys.type_name(), "an object of keys");
    for (const auto& [key, values] : keys.items()) {
      AwsCondition condition = ParseAwsOperator(operator_text);
      condition.key = key;
      // Null takes true and false without quotes too.
      absl::StatusOr<std::vector<std::string>> texts =
          StringOrStrings(absl::StrCat(place, ": ", key), values.is_boolean() ? json(values.dump()) : values);
      if (!texts.ok()) return texts.status();
      condition.values = *std::move(texts);
      statement.conditions.push_back(std::move(condition));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadEffect(const json& effect, AwsStatement& statement) {
  if (effect != "Allow" && effect != "Deny") {
    return Bad(absl::StrCat(statement.name, ": Effect"), effect.dump(), "\"Allow\" or \"Deny\"");
  }
  statement.allow = effect == "Allow";
  return absl::OkStatus();
}

absl::Status ReadAction(const json& action, AwsStatement& statement) {
  absl::StatusOr<std::vector<std::string>> all = StringOrStrings(absl::StrCat(statement.name, ": Action"), action);
  if (all.ok()) statement.actions = *all;
  return all.status();
}

absl::Status ReadMember(const std::string& name, const json& value, AwsStatement& statement) {
  if (name == "Effect") return ReadEffect(value, statement);
  if (name == "Principal") return ReadPrincipal(value, statement);
  if (name == "Action") return ReadAction(value, statement);
  if (name == "Condition") return ReadConditions(value, statement);
  if (name != "Sid") statement.not_judged.push_back(name);
  return absl::OkStatus();
}

absl::StatusOr<AwsStatement> ReadStatement(size_t number, const json& value) {
  AwsStatement statement;
  statement.name = absl::StrCat("statement ", number);
  if (!value.is_object()) return Bad(statement.name, value.type_name(), "an object");
  if (const auto sid = value.find("Sid"); sid != value.end() && sid->is_string()) {
    absl::StrAppend(&statement.name, " (", sid->get<std::string>(), ")");
  }
  if (!value.contains("Effect")) return Bad(absl::StrCat(statement.name, ": Effect"), "missing", "\"Allow\" or \"Deny\"");
  for (const auto& [name, member] : value.items()) {
    if (absl::Status read = ReadMember(name, member, statement); !read.ok()) return read;
  }
  return statement;
}

}  // namespace

absl::StatusOr<std::vector<AwsStatement>> ParseAwsDocument(const json& document) {
  if (const auto role = document.find("Role"); role != document.end() && role->is_object()) {
    const auto inner = role->find("AssumeRolePolicyDocument");
    if (inner == role->end() || !inner->is_object()) {
      return Bad("Role: AssumeRolePolicyDocument", "missing", "the trust policy as an object");
    }
    return ParseAwsDocument(*inner);
  }
  const auto statements = document.find("Statement");
  if (statements == document.end()) return Bad("Statement", "missing", "one or an array of them");
  const json list = statements->is_array() ? *statements : json::array({*statements});
  std::vector<AwsStatement> all;
  for (const json& each : list) {
    absl::StatusOr<AwsStatement> statement = ReadStatement(all.size() + 1, each);
    if (!statement.ok()) return statement.status();
    all.push_back(*std::move(statement));
  }
  return all;
}

bool AllowsWebIdentity(const AwsStatement& statement) {
  return std::any_of(statement.actions.begin(), statement.actions.end(), [](const std::string& action) {
    return MatchesGlob(absl::AsciiStrToLower(action), "sts:assumerolewithwebidentity", GlobSyntax::kStarAndQuestion);
  });
}

}  // namespace tools
