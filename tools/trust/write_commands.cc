#include "tools/trust/write_commands.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tools/trust/audiences.h"

namespace tools {
namespace {

constexpr absl::string_view kPool = "fly-machines";

std::string Quoted(absl::string_view text) { return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'"); }

// "flydctl machine run IMAGE -a acme/web --name m1": a machine that the trust admits.
std::string RunCommand(const TrustScope& scope) {
  return absl::StrCat("flydctl machine run IMAGE -a ", scope.organization, "/", scope.app.empty() ? "APP" : scope.app,
                      scope.machine.empty() ? "" : absl::StrCat(" --name ", scope.machine));
}

// The last part of a provider's resource name.
std::string IdOf(const std::string& name) { return name.substr(name.rfind('/') + 1); }

// Whom Google Cloud's IAM may bind: an identity, or a set of them.
std::string GcpMember(const TrustRequest& request) {
  const TrustScope& scope = request.scope;
  const std::string pool =
      absl::StrCat("//iam.googleapis.com/projects/", request.project_number, "/locations/global/workloadIdentityPools/", kPool);
  switch (scope.scope) {
    case Scope::kOrganization: return absl::StrCat("principalSet:", pool, "/attribute.org/", scope.organization);
    case Scope::kApp: return absl::StrCat("principalSet:", pool, "/attribute.app/", scope.organization, ":", scope.app);
    case Scope::kMachine: break;
  }
  return absl::StrCat("principal:", pool, "/subject/", SubjectPattern(scope));
}

std::string GcpMapping(const nlohmann::ordered_json& policy) {
  std::string mapping;
  for (const auto& [name, value] : policy["attributeMapping"].items()) {
    absl::StrAppend(&mapping, mapping.empty() ? "" : ",", name, "=", value.get<std::string>());
  }
  return mapping;
}

}  // namespace

std::string AwsCommands(const TrustRequest& request) {
  const nlohmann::ordered_json policy = AwsPolicy(request);
  const std::string role = request.name.empty() ? HyphenName(request.scope) : request.name;
  const std::string audience = request.audience.empty() ? std::string(kAwsAudience) : request.audience;
  return absl::StrCat(
      "# 1. Once for the organization: AWS learns its issuer.\n"
      "aws iam create-open-id-connect-provider --url ", request.issuer, " --client-id-list ", audience, "\n\n"
      "# 2. A role, and who may assume it: ", Describe(request.scope), ".\n"
      "aws iam create-role --role-name ", role, " --assume-role-policy-document ", Quoted(policy.dump(2)), "\n\n"
      "# 3. The machine needs one variable.\n",
      RunCommand(request.scope), " -e AWS_ROLE_ARN=arn:aws:iam::", request.account, ":role/", role, "\n");
}

std::string GcpCommands(const TrustRequest& request) {
  const nlohmann::ordered_json policy = GcpProviderPolicy(request);
  const std::string provider = GcpProviderName(request);
  const std::string audience =
      request.audience.empty() ? "" : absl::StrCat("    --allowed-audiences=", Quoted(request.audience), " \\\n");
  return absl::StrCat(
      "# 1. Once for the project: a pool.\n"
      "gcloud iam workload-identity-pools create ", kPool, " --project=PROJECT_ID --location=global\n\n"
      "# 2. A provider, and whom it admits: ", Describe(request.scope), ".\n"
      "gcloud iam workload-identity-pools providers create-oidc ", IdOf(provider), " \\\n"
      "    --project=PROJECT_ID --location=global --workload-identity-pool=", kPool, " \\\n"
      "    --issuer-uri=", request.issuer, " \\\n", audience,
      "    --attribute-mapping=\"", GcpMapping(policy), "\" \\\n"
      "    --attribute-condition=\"", GcpConditionText(request.scope), "\"\n\n"
      "# 3. What they may do: act as a service account.\n"
      "gcloud iam service-accounts add-iam-policy-binding SERVICE_ACCOUNT_EMAIL --project=PROJECT_ID \\\n"
      "    --role=roles/iam.workloadIdentityUser \\\n"
      "    --member=", Quoted(GcpMember(request)), "\n\n"
      "# 4. The machine needs two variables (without the second it acts as itself).\n",
      RunCommand(request.scope), " \\\n    -e GOOGLE_WORKLOAD_IDENTITY_PROVIDER=", provider,
      " \\\n    -e GOOGLE_SERVICE_ACCOUNT=SERVICE_ACCOUNT_EMAIL\n");
}

absl::StatusOr<std::string> AzureCommands(const TrustRequest& request) {
  const absl::StatusOr<nlohmann::ordered_json> policy = AzureCredentialPolicy(request);
  if (!policy.ok()) return policy.status();
  const bool app = request.scope.scope == Scope::kApp;
  return absl::StrCat(
      "# 1. A credential of the app registration CLIENT_ID: ", Describe(request.scope), ".\n"
      "az ad app federated-credential create --id CLIENT_ID --parameters ", Quoted(policy->dump(2)), "\n\n",
      app ? "# 2. Azure compares sub exactly: the machines run with the subject of the app. They need two variables.\n"
          : "# 2. The machine needs two variables.\n",
      RunCommand(request.scope), app ? " --subject app" : "", " \\\n"
      "    -e AZURE_CLIENT_ID=CLIENT_ID -e AZURE_TENANT_ID=TENANT_ID\n");
}

std::string VaultCommands(const TrustRequest& request) {
  const nlohmann::ordered_json policy = VaultRolePolicy(request);
  const std::string role = request.name.empty() ? HyphenName(request.scope) : request.name;
  return absl::StrCat(
      "# 1. Once for the organization: a JWT mount that trusts its issuer.\n"
      "vault auth enable jwt\n"
      "vault write auth/jwt/config oidc_discovery_url=", request.issuer, " bound_issuer=", request.issuer, "\n\n"
      "# 2. A role, and who may log in with it: ", Describe(request.scope), ". What it may do is in the policy ", role, ".\n"
      "vault write auth/jwt/role/", role, " - <<'END'\n", policy.dump(2), "\nEND\n\n"
      "# 3. The machine needs a token file with that audience.\n",
      RunCommand(request.scope), " --token-file /.fly/vault_token=", policy["bound_audiences"][0].get<std::string>(), "\n\n"
      "# 4. The workload logs in.\n"
      "vault write auth/jwt/login role=", role, " jwt=@/.fly/vault_token\n");
}

}  // namespace tools
