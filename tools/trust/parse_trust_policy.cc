#include "tools/trust/parse_trust_policy.h"

#include "absl/status/status.h"
#include "nlohmann/json.hpp"
#include "tools/trust/aws_trust.h"
#include "tools/trust/azure_credential.h"
#include "tools/trust/gcp_provider.h"
#include "tools/trust/parse_document.h"
#include "tools/trust/vault_role.h"

namespace tools {
namespace {

using nlohmann::json;

bool IsVaultRole(const json& document) {
  for (const char* name : {"bound_audiences", "bound_claims", "bound_subject", "user_claim", "role_type"}) {
    if (document.contains(name)) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TrustPolicy>> ParseTrustPolicy(absl::string_view text, absl::string_view vault_issuer) {
  const absl::StatusOr<json> document = ParseDocument(text);
  if (!document.ok()) return document.status();
  if (document->contains("Statement") || document->contains("Role")) return ParseAwsTrust(*document);
  if (document->contains("oidc")) return ParseGcpProvider(*document);
  if (IsVaultRole(*document)) return ParseVaultRole(*document, vault_issuer);
  if (const auto data = document->find("data"); data != document->end() && data->is_object() && IsVaultRole(*data)) {
    return ParseVaultRole(*data, vault_issuer);
  }
  if (document->contains("issuer")) return ParseAzureCredential(*document);
  return absl::InvalidArgumentError(
      "policy: of no kind known, want an AWS trust policy, a Google Cloud provider, an Azure federated credential or a "
      "Vault role, as JSON");
}

}  // namespace tools
