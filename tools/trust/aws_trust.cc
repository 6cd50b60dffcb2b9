#include "tools/trust/aws_trust.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tools/trust/audiences.h"
#include "tools/trust/aws_audit.h"
#include "tools/trust/aws_document.h"
#include "tools/trust/aws_key.h"

namespace tools {
namespace {

std::string Quoted(const std::vector<std::string>& values) {
  return absl::StrJoin(values, ", ", [](std::string* out, const std::string& value) { absl::StrAppend(out, "\"", value, "\""); });
}

bool Contains(const std::vector<std::string>& all, absl::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

class AwsTrust final : public TrustPolicy {
 public:
  explicit AwsTrust(std::vector<AwsStatement> statements) : statements_(std::move(statements)) {}

  absl::string_view kind() const override { return "aws"; }

  std::vector<std::string> Audiences() const override {
    std::vector<std::string> all;
    for (const AwsStatement& statement : statements_) {
      for (const AwsCondition& condition : statement.conditions) {
        if (SplitAwsKey(condition.key).claim != "aud" || condition.negated) continue;
        for (const std::string& value : condition.values) {
          all.push_back(condition.comparison == AwsCondition::Comparison::kLike
                            ? absl::StrReplaceAll(value, {{"*", ""}, {"?", "x"}})
                            : value);
        }
      }
    }
    all.push_back(std::string(kAwsAudience));
    return all;
  }

  Verdict Judge(const TokenFacts& token) const override {
    Verdict allowed, denied;
    std::vector<std::string> refusals;
    for (const AwsStatement& statement : statements_) {
      const Verdict one = JudgeStatement(statement, token);
      Verdict& sum = statement.allow ? allowed : denied;
      if (one.admitted > sum.admitted) sum = one;
      if (statement.allow && one.admitted == Truth::kFalse) refusals.push_back(one.why);
    }
    if (denied.admitted == Truth::kTrue) return {Truth::kFalse, absl::StrCat(denied.why, " denies")};
    if (allowed.admitted == Truth::kFalse) {
      return {Truth::kFalse, refusals.empty() ? "no statement allows anything" : absl::StrJoin(refusals, "; ")};
    }
    if (denied.admitted == Truth::kUnknown) return {Truth::kUnknown, absl::StrCat(denied.why, ", and it denies")};
    return allowed;
  }

  std::vector<Finding> Audit(absl::Span<const IssuerFacts> issuers) const override {
    return AuditAws(statements_, issuers);
  }

 private:
  static Verdict JudgeStatement(const AwsStatement& statement, const TokenFacts& token) {
    const std::string provider = ProviderOf(token.claims.at("iss"));
    if (!statement.any_principal && !Contains(statement.providers, provider) && !Contains(statement.not_judged, "NotPrincipal")) {
      return {Truth::kFalse, absl::StrCat(statement.name, ": Principal is not the provider ", provider)};
    }
    if (!AllowsWebIdentity(statement) && !Contains(statement.not_judged, "NotAction")) {
      return {Truth::kFalse, absl::StrCat(statement.name, ": Action is not sts:AssumeRoleWithWebIdentity")};
    }
    Verdict verdict = {Truth::kTrue, statement.name};
    for (const AwsCondition& condition : statement.conditions) {
      const std::optional<std::string> value = ValueOf(condition.key, provider, token);
      const Truth holds = Known(condition.key) ? tools::Judge(condition, value) : Truth::kUnknown;
      if (holds == Truth::kFalse) return {Truth::kFalse, Explain(statement, condition, value)};
      if (holds == Truth::kUnknown) {
        verdict = {Truth::kUnknown, absl::StrCat(statement.name, ": ", condition.text, " ", condition.key, " is not judged")};
      }
    }
    if (!statement.not_judged.empty()) {
      verdict = {Truth::kUnknown, absl::StrCat(statement.name, ": ", absl::StrJoin(statement.not_judged, ", "), " is not judged")};
    }
    return verdict;
  }

  // Keys of providers are known: there, or missing. Others (aws:SourceIp, sts:RoleSessionName) depend on the request.
  static bool Known(const std::string& key) { return !SplitAwsKey(key).provider.empty(); }

  static std::optional<std::string> ValueOf(const std::string& key, const std::string& provider, const TokenFacts& token) {
    const AwsKey split = SplitAwsKey(key);
    if (!absl::EqualsIgnoreCase(split.provider, provider)) return std::nullopt;
    if (split.claim != "sub" && split.claim != "aud") return std::nullopt;
    return token.claims.at(split.claim);
  }

  static std::string Explain(const AwsStatement& statement, const AwsCondition& condition,
                             const std::optional<std::string>& value) {
    const std::string found = value.has_value() ? absl::StrCat(SplitAwsKey(condition.key).claim, " \"", *value, "\"")
                                                : absl::StrCat(condition.key, " is not in the request");
    return absl::StrCat(statement.name, ": ", found, ", want ", condition.text, " ", Quoted(condition.values));
  }

  const std::vector<AwsStatement> statements_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TrustPolicy>> ParseAwsTrust(const nlohmann::json& document) {
  absl::StatusOr<std::vector<AwsStatement>> statements = ParseAwsDocument(document);
  if (!statements.ok()) return statements.status();
  return std::make_unique<AwsTrust>(*std::move(statements));
}

}  // namespace tools
