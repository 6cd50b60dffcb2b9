#include "tokensvc/claims/token_claims.h"

#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tokensvc/limits.h"

namespace tokensvc {
namespace {

using nlohmann::json;

// Session tags of AWS: each value must be an array of one string, or STS refuses the token.
json PrincipalTags(const IdentityClaims& id) {
  const json tags = {
      {"app_name", {id.app_name}},       {"machine_id", {id.machine_id}}, {"machine_name", {id.machine_name}},
      {"org_name", {id.organization_slug}}, {"region", {id.region}},
  };
  return {{"principal_tags", tags}};
}

std::string Base64Url(absl::string_view bytes) {
  std::string text = absl::WebSafeBase64Escape(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

// Names are [a-z0-9-] and images printable by the time they get here; an invalid byte would become U+FFFD, not throw.
std::string Dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

int64_t IssuedUnix(absl::Time signed_at) { return absl::ToUnixSeconds(signed_at - kTokenBackdate); }

int64_t ExpiresUnix(absl::Time signed_at) { return IssuedUnix(signed_at) + absl::ToInt64Seconds(kTokenLifetime); }

std::string TokenPayload(const TokenClaims& claims) {
  const IdentityClaims& id = claims.identity;
  json payload = {
      {"app_id", absl::StrCat(id.app_id)},
      {"app_name", id.app_name},
      {"aud", claims.audience},
      {"exp", ExpiresUnix(claims.signed_at)},
      {"iat", IssuedUnix(claims.signed_at)},
      {"image", id.image},
      {"image_digest", id.image_digest},
      {"iss", claims.issuer},
      {"jti", claims.jti},
      {"machine_id", id.machine_id},
      {"machine_name", id.machine_name},
      {"machine_version", id.machine_version},
      {"nbf", IssuedUnix(claims.signed_at)},
      {"org_id", absl::StrCat(id.organization_id)},
      {"org_name", id.organization_slug},
      {"region", id.region},
      {"sub", Subject(id)},
  };
  if (claims.aws_principal_tags) payload["https://aws.amazon.com/tags"] = PrincipalTags(id);
  if (!claims.aws_role_arn.empty()) payload["https://aws.amazon.com/roles"] = claims.aws_role_arn;
  return Dump(payload);
}

std::string TokenHeader(absl::string_view alg, absl::string_view kid) {
  return Dump(json{{"alg", std::string(alg)}, {"kid", std::string(kid)}, {"typ", "JWT"}});
}

std::string SigningInput(absl::string_view header, absl::string_view payload) {
  return absl::StrCat(Base64Url(header), ".", Base64Url(payload));
}

std::string CompactSerialization(absl::string_view signing_input, absl::string_view signature) {
  return absl::StrCat(signing_input, ".", Base64Url(signature));
}

}  // namespace tokensvc
