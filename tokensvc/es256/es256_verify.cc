#include "tokensvc/es256/es256_verify.h"

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/sha.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tokensvc {
namespace {

const uint8_t* Data(absl::string_view bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

// The key, or null where the bytes are anything but one P-256 SubjectPublicKeyInfo.
bssl::UniquePtr<EVP_PKEY> ParseP256(absl::string_view spki_der) {
  CBS cbs;
  CBS_init(&cbs, Data(spki_der), spki_der.size());
  bssl::UniquePtr<EVP_PKEY> key(EVP_parse_public_key(&cbs));
  if (key == nullptr || CBS_len(&cbs) != 0 || EVP_PKEY_id(key.get()) != EVP_PKEY_EC) return nullptr;
  const EC_KEY* ec = EVP_PKEY_get0_EC_KEY(key.get());
  if (EC_GROUP_get_curve_name(EC_KEY_get0_group(ec)) != NID_X9_62_prime256v1) return nullptr;
  return key;
}

}  // namespace

absl::Status VerifyEs256(absl::string_view spki_der, absl::string_view message, absl::string_view signature) {
  const bssl::UniquePtr<EVP_PKEY> key = ParseP256(spki_der);
  if (key == nullptr) return absl::InvalidArgumentError("public key: not P-256, want a P-256 SubjectPublicKeyInfo");
  if (signature.size() != 64) {
    return absl::PermissionDeniedError(absl::StrCat("signature: ", signature.size(), " bytes, want 64"));
  }
  bssl::UniquePtr<ECDSA_SIG> parsed(ECDSA_SIG_new());
  bssl::UniquePtr<BIGNUM> r(BN_bin2bn(Data(signature), 32, nullptr));
  bssl::UniquePtr<BIGNUM> s(BN_bin2bn(Data(signature) + 32, 32, nullptr));
  ECDSA_SIG_set0(parsed.get(), r.release(), s.release());
  const std::string digest = Sha256(message);
  if (ECDSA_do_verify(Data(digest), digest.size(), parsed.get(), EVP_PKEY_get0_EC_KEY(key.get())) != 1) {
    return absl::PermissionDeniedError("signature: does not hold under the key");
  }
  return absl::OkStatus();
}

std::string SpkiKeyId(absl::string_view spki_der) { return absl::BytesToHexString(Sha256(spki_der).substr(0, 8)); }

std::string Sha256(absl::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(Data(bytes), bytes.size(), reinterpret_cast<uint8_t*>(digest.data()));
  return digest;
}

}  // namespace tokensvc
