#include "tools/trust/azure_credential.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/trust/audiences.h"
#include "tools/trust/parse_document.h"
#include "tools/trust/subject_audit.h"

namespace tools {
namespace {

struct Credential {
  std::string issuer;
  std::string subject;
  std::vector<std::string> audiences;
  bool has_expression = false;
};

class AzureCredential final : public TrustPolicy {
 public:
  explicit AzureCredential(Credential credential) : credential_(std::move(credential)) {}

  absl::string_view kind() const override { return "azure"; }

  std::vector<std::string> Audiences() const override {
    std::vector<std::string> all = credential_.audiences;
    all.push_back(std::string(kAzureAudience));
    return all;
  }

  Verdict Judge(const TokenFacts& token) const override {
    const auto differs = [&](const char* claim, const std::string& want) {
      return Verdict{Truth::kFalse, absl::StrCat(claim, " \"", token.claims.at(claim), "\", want \"", want, "\"")};
    };
    if (token.claims.at("iss") != credential_.issuer) return differs("iss", credential_.issuer);
    if (!credential_.has_expression && token.claims.at("sub") != credential_.subject) return differs("sub", credential_.subject);
    const auto& audiences = credential_.audiences;
    if (std::find(audiences.begin(), audiences.end(), token.claims.at("aud")) == audiences.end()) {
      return differs("aud", absl::StrJoin(audiences, "\" or \""));
    }
    if (credential_.has_expression) return {Truth::kUnknown, "claimsMatchingExpression is not judged"};
    return {Truth::kTrue, "issuer, subject and audience are the credential's"};
  }

  std::vector<Finding> Audit(absl::Span<const IssuerFacts> issuers) const override {
    std::vector<Finding> findings;
    const IssuerFacts* issuer = AuditIssuer("issuer", credential_.issuer, issuers, findings);
    const auto warn = [&findings](const char* code, std::string message) {
      findings.push_back({Severity::kWarning, code, std::move(message)});
    };
    if (issuer != nullptr && issuer->es256) {
      warn("azure-algorithm", absl::StrCat("issuer: ", issuer->issuer, " signs with ES256, want RS256: Entra takes no other"));
    }
    if (credential_.audiences.size() != 1) {
      warn("azure-audiences", absl::StrCat("audiences: ", credential_.audiences.size(), " of them, want one"));
    }
    for (const std::string& audience : credential_.audiences) {
      if (audience != kAzureAudience) {
        warn("audience-unusual", absl::StrCat("audiences: \"", audience, "\", want \"", kAzureAudience,
                                              "\": the token file of AZURE_CLIENT_ID has that one"));
      }
    }
    for (const std::string* text : {&credential_.issuer, &credential_.subject}) {
      if (absl::StripAsciiWhitespace(*text) != *text) {
        warn("azure-space", absl::StrCat("\"", *text, "\": begins or ends with space, which never matches, want none"));
      }
    }
    if (credential_.has_expression) {
      warn("not-judged", "claimsMatchingExpression: not judged, want subject");
    } else {
      AuditSubject({.where = "subject", .pattern = credential_.subject, .syntax = GlobSyntax::kNone, .like = ""}, issuer, findings);
    }
    return findings;
  }

 private:
  const Credential credential_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TrustPolicy>> ParseAzureCredential(const nlohmann::json& document) {
  const absl::StatusOr<std::string> issuer = MemberString(document, "issuer");
  const absl::StatusOr<std::string> subject = MemberString(document, "subject");
  const absl::StatusOr<std::vector<std::string>> audiences = MemberStrings(document, "audiences");
  for (const absl::Status& status : {issuer.status(), subject.status(), audiences.status()}) {
    if (!status.ok()) return status;
  }
  const auto expression = document.find("claimsMatchingExpression");
  const bool has_expression = expression != document.end() && !expression->is_null();
  if (issuer->empty()) return absl::InvalidArgumentError("issuer: missing, want the issuer of an organization");
  if (subject->empty() && !has_expression) return absl::InvalidArgumentError("subject: missing, want an exact subject");
  return std::make_unique<AzureCredential>(Credential{*issuer, *subject, *audiences, has_expression});
}

}  // namespace tools
