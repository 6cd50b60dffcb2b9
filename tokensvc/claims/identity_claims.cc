#include "tokensvc/claims/identity_claims.h"

#include <openssl/sha.h>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace tokensvc {

std::string Subject(const IdentityClaims& claims) {
  std::string subject = absl::StrCat(claims.organization_slug, ":", claims.app_name);
  if (claims.subject_scope == SubjectScope::kMachine) absl::StrAppend(&subject, ":", claims.machine_name);
  return subject;
}

std::string IdentityClaimsDigest(const IdentityClaims& claims) {
  const nlohmann::json canonical = {
      {"app_id", absl::StrCat(claims.app_id)},
      {"app_name", claims.app_name},
      {"image", claims.image},
      {"image_digest", claims.image_digest},
      {"machine_id", claims.machine_id},
      {"machine_name", claims.machine_name},
      {"machine_version", claims.machine_version},
      {"org_id", absl::StrCat(claims.organization_id)},
      {"org_name", claims.organization_slug},
      {"region", claims.region},
      {"sub", Subject(claims)},
  };
  std::string input("flyd-identity-claims-v1\0", 24);
  absl::StrAppend(&input, canonical.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const uint8_t*>(input.data()), input.size(), reinterpret_cast<uint8_t*>(digest.data()));
  return digest;
}

}  // namespace tokensvc
