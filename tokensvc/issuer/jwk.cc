#include "tokensvc/issuer/jwk.h"

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "absl/strings/escaping.h"
#include "nlohmann/json.hpp"

namespace tokensvc {
namespace {

using nlohmann::json;

std::string Base64Url(absl::string_view bytes) {
  std::string text = absl::WebSafeBase64Escape(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

// `size` 0: no leading zeros, as RFC 7518 section 6.3.1 wants n and e; else exactly that many, as 6.2.1 wants x and y.
std::string NumberText(const BIGNUM* number, size_t size) {
  std::string bytes(size == 0 ? BN_num_bytes(number) : size, '\0');
  BN_bn2bin_padded(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(), number);
  return Base64Url(bytes);
}

std::optional<json> RsaMembers(const EVP_PKEY* key) {
  const RSA* rsa = EVP_PKEY_get0_RSA(key);
  if (rsa == nullptr) return std::nullopt;
  return json{{"kty", "RSA"}, {"alg", "RS256"}, {"n", NumberText(RSA_get0_n(rsa), 0)}, {"e", NumberText(RSA_get0_e(rsa), 0)}};
}

std::optional<json> EcMembers(const EVP_PKEY* key) {
  const EC_KEY* ec = EVP_PKEY_get0_EC_KEY(key);
  bssl::UniquePtr<BIGNUM> x(BN_new());
  bssl::UniquePtr<BIGNUM> y(BN_new());
  if (ec == nullptr || !EC_POINT_get_affine_coordinates_GFp(EC_KEY_get0_group(ec), EC_KEY_get0_public_key(ec), x.get(),
                                                            y.get(), nullptr)) {
    return std::nullopt;
  }
  return json{{"kty", "EC"}, {"alg", "ES256"}, {"crv", "P-256"}, {"x", NumberText(x.get(), 32)}, {"y", NumberText(y.get(), 32)}};
}

}  // namespace

std::optional<std::string> JwkJson(absl::string_view spki_der, SigningAlgorithm algorithm, absl::string_view kid) {
  CBS cbs;
  CBS_init(&cbs, reinterpret_cast<const uint8_t*>(spki_der.data()), spki_der.size());
  const bssl::UniquePtr<EVP_PKEY> key(EVP_parse_public_key(&cbs));
  if (key == nullptr) return std::nullopt;
  std::optional<json> jwk =
      algorithm == SigningAlgorithm::kRs256 ? RsaMembers(key.get()) : EcMembers(key.get());
  if (!jwk.has_value()) return std::nullopt;
  (*jwk)["use"] = "sig";
  (*jwk)["kid"] = std::string(kid);
  return jwk->dump();
}

}  // namespace tokensvc
