#include "tools/flydctl/verifier/token_verifier.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"

namespace tools {
namespace {

using nlohmann::json;

const uint8_t* Data(const std::string& bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

absl::Status Denied(absl::string_view subject, absl::string_view found, absl::string_view want) {
  return absl::PermissionDeniedError(absl::StrCat(subject, ": ", found, ", want ", want));
}

std::string Text(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

bssl::UniquePtr<BIGNUM> Number(const json& key, const char* name) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(Text(key, name), &bytes)) return nullptr;
  return bssl::UniquePtr<BIGNUM>(BN_bin2bn(Data(bytes), bytes.size(), nullptr));
}

std::string Digest(const std::string& input) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(Data(input), input.size(), reinterpret_cast<uint8_t*>(digest.data()));
  return digest;
}

bool VerifyRs256(const json& jwk, const TokenParts& token) {
  bssl::UniquePtr<BIGNUM> n = Number(jwk, "n");
  bssl::UniquePtr<BIGNUM> e = Number(jwk, "e");
  bssl::UniquePtr<RSA> rsa(RSA_new());
  if (n == nullptr || e == nullptr || !RSA_set0_key(rsa.get(), n.get(), e.get(), nullptr)) return false;
  n.release();
  e.release();
  const std::string digest = Digest(token.signing_input);
  return RSA_verify(NID_sha256, Data(digest), digest.size(), Data(token.signature), token.signature.size(), rsa.get()) == 1;
}

bool VerifyEs256Key(const json& jwk, const TokenParts& token) {
  const bssl::UniquePtr<BIGNUM> x = Number(jwk, "x");
  const bssl::UniquePtr<BIGNUM> y = Number(jwk, "y");
  const bssl::UniquePtr<EC_KEY> key(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  if (x == nullptr || y == nullptr || !EC_KEY_set_public_key_affine_coordinates(key.get(), x.get(), y.get())) return false;
  if (token.signature.size() != 64) return false;
  const bssl::UniquePtr<ECDSA_SIG> signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(Data(token.signature), 32, nullptr),
                 BN_bin2bn(Data(token.signature) + 32, 32, nullptr));
  const std::string digest = Digest(token.signing_input);
  return ECDSA_do_verify(Data(digest), digest.size(), signature.get(), key.get()) == 1;
}

absl::StatusOr<json> FetchJson(const std::string& url, const Fetch& fetch) {
  absl::StatusOr<std::string> body = fetch(url);
  if (!body.ok()) return body.status();
  json document = json::parse(*body, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return absl::FailedPreconditionError(absl::StrCat(url, ": not JSON, want an object"));
  return document;
}

absl::StatusOr<json> FindKey(const std::string& issuer, const std::string& kid, const Fetch& fetch) {
  absl::StatusOr<json> discovery = FetchJson(absl::StrCat(issuer, "/.well-known/openid-configuration"), fetch);
  if (!discovery.ok()) return discovery.status();
  if (Text(*discovery, "issuer") != issuer) return Denied("issuer of the discovery document", Text(*discovery, "issuer"), issuer);
  absl::StatusOr<json> jwks = FetchJson(Text(*discovery, "jwks_uri"), fetch);
  if (!jwks.ok()) return jwks.status();
  for (const json& key : jwks->value("keys", json::array())) {
    if (Text(key, "kid") == kid) return key;
  }
  return Denied("kid", kid, "one of the issuer's keys");
}

absl::Status CheckTimes(const json& claims, absl::Time now) {
  const int64_t seconds = absl::ToUnixSeconds(now);
  const auto number = [&claims](const char* name) {
    const auto found = claims.find(name);
    return found != claims.end() && found->is_number_integer() ? found->get<int64_t>() : int64_t{-1};
  };
  if (number("exp") <= seconds) return Denied("exp", absl::StrCat(number("exp")), absl::StrCat("after ", seconds));
  if (number("nbf") > seconds) return Denied("nbf", absl::StrCat(number("nbf")), absl::StrCat("at most ", seconds));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TokenParts> SplitToken(const std::string& token) {
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  TokenParts out;
  if (parts.size() != 3 || !absl::WebSafeBase64Unescape(parts[0], &out.header) ||
      !absl::WebSafeBase64Unescape(parts[1], &out.payload) || !absl::WebSafeBase64Unescape(parts[2], &out.signature)) {
    return absl::InvalidArgumentError("token: not a JWT, want three parts of base64url");
  }
  for (const std::string* part : {&out.header, &out.payload}) {
    if (!json::parse(*part, nullptr, /*allow_exceptions=*/false).is_object()) {
      return absl::InvalidArgumentError("token: header or payload is not a JSON object");
    }
  }
  out.signing_input = absl::StrCat(parts[0], ".", parts[1]);
  return out;
}

absl::Status VerifyToken(const TokenParts& token, const std::string& audience, absl::Time now, const Fetch& fetch) {
  const json header = json::parse(token.header);
  const json claims = json::parse(token.payload);
  absl::StatusOr<json> key = FindKey(Text(claims, "iss"), Text(header, "kid"), fetch);
  if (!key.ok()) return key.status();
  const std::string alg = Text(header, "alg");
  if (Text(*key, "alg") != alg) return Denied("alg", alg, Text(*key, "alg"));
  const bool holds = alg == "RS256" ? VerifyRs256(*key, token) : alg == "ES256" && VerifyEs256Key(*key, token);
  if (!holds) return Denied("signature", "does not hold", "one by the issuer's key");
  if (!audience.empty() && Text(claims, "aud") != audience) return Denied("aud", Text(claims, "aud"), audience);
  return CheckTimes(claims, now);
}

}  // namespace tools
