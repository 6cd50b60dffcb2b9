#include "tests/fakes/es256_test_key.h"

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>

#include <cstdlib>

#include "tokensvc/es256/es256_verify.h"

namespace tests {

struct Es256TestKey::Key {
  bssl::UniquePtr<EC_KEY> ec;
  std::string spki_der;
};

Es256TestKey::Es256TestKey() {
  auto key = std::make_shared<Key>();
  key->ec.reset(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  bssl::UniquePtr<EVP_PKEY> pkey(EVP_PKEY_new());
  bssl::ScopedCBB cbb;
  uint8_t* der = nullptr;
  size_t size = 0;
  if (!EC_KEY_generate_key(key->ec.get()) || !EVP_PKEY_set1_EC_KEY(pkey.get(), key->ec.get()) ||
      !CBB_init(cbb.get(), 128) || !EVP_marshal_public_key(cbb.get(), pkey.get()) ||
      !CBB_finish(cbb.get(), &der, &size)) {
    std::abort();
  }
  key->spki_der.assign(reinterpret_cast<const char*>(der), size);
  OPENSSL_free(der);
  key_ = std::move(key);
}

const std::string& Es256TestKey::spki_der() const { return key_->spki_der; }

std::string Es256TestKey::key_id() const { return tokensvc::SpkiKeyId(key_->spki_der); }

std::string Es256TestKey::Sign(absl::string_view message) const {
  const std::string digest = tokensvc::Sha256(message);
  bssl::UniquePtr<ECDSA_SIG> signature(
      ECDSA_do_sign(reinterpret_cast<const uint8_t*>(digest.data()), digest.size(), key_->ec.get()));
  const BIGNUM* r = nullptr;
  const BIGNUM* s = nullptr;
  ECDSA_SIG_get0(signature.get(), &r, &s);
  std::string raw(64, '\0');
  BN_bn2bin_padded(reinterpret_cast<uint8_t*>(raw.data()), 32, r);
  BN_bn2bin_padded(reinterpret_cast<uint8_t*>(raw.data()) + 32, 32, s);
  return raw;
}

}  // namespace tests
