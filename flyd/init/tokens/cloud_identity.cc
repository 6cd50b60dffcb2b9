#include "flyd/init/tokens/cloud_identity.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

constexpr size_t kMinSessionName = 2;
constexpr size_t kMaxSessionName = 64;

std::string PathOf(absl::string_view name) { return absl::StrCat("/.fly/", name); }

// "" where it is not set.
absl::string_view Value(const Environment& user, const char* name) {
  const auto found = user.find(name);
  return found == user.end() ? "" : absl::string_view(found->second);
}

std::string ValueOr(const Environment& user, const char* name, absl::string_view otherwise) {
  const absl::string_view value = Value(user, name);
  return std::string(value.empty() ? otherwise : value);
}

// True if the user points the variable at a file of their own.
bool HasFileOfTheirOwn(const Environment& user, const char* variable, absl::string_view name) {
  const auto found = user.find(variable);
  return found != user.end() && found->second != PathOf(name);
}

bool Consists(absl::string_view text, absl::string_view others) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [others](char c) {
    return absl::ascii_isalnum(c) || others.find(c) != others.npos;
  });
}

class Plan {
 public:
  Plan(const Environment& user, const std::vector<TokenFileSetting>& table) : user_(user) { plan_.tokens = table; }

  void AddToken(absl::string_view name, absl::string_view audience) {
    const auto taken = std::find_if(plan_.tokens.begin(), plan_.tokens.end(),
                                    [name](const TokenFileSetting& row) { return row.name == name; });
    if (taken == plan_.tokens.end()) plan_.tokens.push_back({.name = std::string(name), .audience = std::string(audience)});
  }
  void AddVariable(const char* name, std::string value) {
    if (user_.count(name) == 0) plan_.variables.emplace(name, std::move(value));
  }
  void AddFlaw(absl::Status flaw) { plan_.flaw.Update(std::move(flaw)); }
  void SetGoogleCredentials(std::string content) { plan_.google_credentials = std::move(content); }

  const Environment& user() const { return user_; }
  CloudIdentity Take() { return std::move(plan_); }

 private:
  const Environment& user_;
  CloudIdentity plan_;
};

void PlanAws(const MachineFacts& machine, Plan& plan) {
  if (Value(plan.user(), "AWS_ROLE_ARN").empty()) return;
  if (HasFileOfTheirOwn(plan.user(), "AWS_WEB_IDENTITY_TOKEN_FILE", kAwsTokenName)) return;
  plan.AddToken(kAwsTokenName, kAwsAudience);
  plan.AddVariable("AWS_WEB_IDENTITY_TOKEN_FILE", PathOf(kAwsTokenName));
  plan.AddVariable("AWS_ROLE_SESSION_NAME", AwsSessionName(machine.app, machine.id));
}

// The provider's resource name without the host: projects/N/locations/global/workloadIdentityPools/P/providers/X.
absl::StatusOr<std::string> GoogleProvider(absl::string_view value) {
  absl::string_view resource = value;
  absl::ConsumePrefix(&resource, "https:");
  absl::ConsumePrefix(&resource, "//iam.googleapis.com/");
  const std::vector<absl::string_view> parts = absl::StrSplit(resource, '/');
  const bool fits = parts.size() == 8 && parts[0] == "projects" && Consists(parts[1], "-") && parts[2] == "locations" &&
                    parts[3] == "global" && parts[4] == "workloadIdentityPools" && Consists(parts[5], "-") &&
                    parts[6] == "providers" && Consists(parts[7], "-");
  if (fits) return std::string(resource);
  return absl::InvalidArgumentError(
      absl::StrCat("GOOGLE_WORKLOAD_IDENTITY_PROVIDER: ", value.substr(0, 200),
                   ", want projects/N/locations/global/workloadIdentityPools/P/providers/X"));
}

absl::Status CheckServiceAccount(absl::string_view account) {
  if (account.empty() || (Consists(account, "@.-_") && absl::StrContains(account, "@"))) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("GOOGLE_SERVICE_ACCOUNT: ", account.substr(0, 200), ", want an e-mail address"));
}

// Google's own form for workloads outside it; read by every one of its libraries.
std::string GoogleCredentials(const Environment& user, absl::string_view audience) {
  nlohmann::json json = {
      {"type", "external_account"},
      {"audience", std::string(audience)},
      {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
      {"token_url", ValueOr(user, "GOOGLE_STS_TOKEN_URL", "https://sts.googleapis.com/v1/token")},
      {"credential_source", {{"file", PathOf(kGoogleTokenName)}, {"format", {{"type", "text"}}}}}};
  const absl::string_view account = Value(user, "GOOGLE_SERVICE_ACCOUNT");
  if (!account.empty()) {
    const std::string base = ValueOr(user, "GOOGLE_IAM_CREDENTIALS_URL", "https://iamcredentials.googleapis.com");
    json["service_account_impersonation_url"] =
        absl::StrCat(absl::StripSuffix(base, "/"), "/v1/projects/-/serviceAccounts/", account, ":generateAccessToken");
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

void PlanGoogle(Plan& plan) {
  const absl::string_view value = Value(plan.user(), "GOOGLE_WORKLOAD_IDENTITY_PROVIDER");
  if (value.empty()) return;
  const absl::StatusOr<std::string> provider = GoogleProvider(value);
  const absl::Status account = CheckServiceAccount(Value(plan.user(), "GOOGLE_SERVICE_ACCOUNT"));
  if (!provider.ok() || !account.ok()) {
    plan.AddFlaw(provider.ok() ? account : provider.status());
    return;
  }
  const std::string audience = absl::StrCat("//iam.googleapis.com/", *provider);
  plan.AddToken(kGoogleTokenName, audience);
  plan.SetGoogleCredentials(GoogleCredentials(plan.user(), audience));
  plan.AddVariable("GOOGLE_APPLICATION_CREDENTIALS", PathOf(kGoogleCredentialsName));
}

void PlanAzure(Plan& plan) {
  const Environment& user = plan.user();
  if (Value(user, "AZURE_CLIENT_ID").empty() || Value(user, "AZURE_TENANT_ID").empty()) return;
  // With one of these the client id is that of another credential.
  if (!Value(user, "AZURE_CLIENT_SECRET").empty() || !Value(user, "AZURE_CLIENT_CERTIFICATE_PATH").empty()) return;
  if (HasFileOfTheirOwn(user, "AZURE_FEDERATED_TOKEN_FILE", kAzureTokenName)) return;
  plan.AddToken(kAzureTokenName, kAzureAudience);
  plan.AddVariable("AZURE_FEDERATED_TOKEN_FILE", PathOf(kAzureTokenName));
  plan.AddVariable("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com/");
}

}  // namespace

std::string AwsSessionName(absl::string_view app, absl::string_view machine_id) {
  const std::string suffix = absl::StrCat("@", machine_id.substr(0, kMaxSessionName - 1));
  std::string name = absl::StrCat(app.substr(0, kMaxSessionName - suffix.size()), suffix);
  for (char& c : name) {
    if (!absl::ascii_isalnum(c) && absl::string_view("_+=,.@-").find(c) == absl::string_view::npos) c = '-';
  }
  while (name.size() < kMinSessionName) name.push_back('-');
  return name;
}

CloudIdentity PlanCloudIdentity(const MachineFacts& machine, const Environment& user,
                                const std::vector<TokenFileSetting>& table) {
  Plan plan(user, table);
  PlanAws(machine, plan);
  PlanGoogle(plan);
  PlanAzure(plan);
  return plan.Take();
}

}  // namespace flyd
