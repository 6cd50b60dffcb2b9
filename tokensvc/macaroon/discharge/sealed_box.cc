#include "tokensvc/macaroon/discharge/sealed_box.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "openssl/aead.h"

namespace tokensvc::macaroon {
namespace {

constexpr size_t kTagBytes = 16;

const uint8_t* Bytes(absl::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

absl::Status CheckKey(const storage::SecretBytes& key) {
  if (key.size() == kSealKeyBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("sealing key: ", key.size(), " bytes, want ", kSealKeyBytes));
}

absl::Status NotSealed() {
  return absl::UnauthenticatedError("sealed box: other bytes, want ones sealed with this key");
}

}  // namespace

absl::StatusOr<std::string> SealWithNonce(const storage::SecretBytes& key, absl::string_view nonce,
                                          absl::string_view plaintext) {
  if (absl::Status checked = CheckKey(key); !checked.ok()) return checked;
  if (nonce.size() != kSealNonceBytes) return absl::InvalidArgumentError("sealing nonce: want 12 bytes");
  bssl::ScopedEVP_AEAD_CTX context;
  std::string ciphertext(plaintext.size() + kTagBytes, '\0');
  size_t size = 0;
  if (!EVP_AEAD_CTX_init(context.get(), EVP_aead_chacha20_poly1305(), Bytes(key.Reveal()), key.size(), kTagBytes,
                         nullptr) ||
      !EVP_AEAD_CTX_seal(context.get(), reinterpret_cast<uint8_t*>(ciphertext.data()), &size, ciphertext.size(),
                         Bytes(nonce), nonce.size(), Bytes(plaintext), plaintext.size(), nullptr, 0)) {
    return absl::InternalError("sealed box: not sealed, want a ciphertext");
  }
  return absl::StrCat(nonce, ciphertext);
}

absl::StatusOr<std::string> Seal(const storage::SecretBytes& key, absl::string_view plaintext) {
  return SealWithNonce(key, storage::RandomSecret(kSealNonceBytes).Reveal(), plaintext);
}

absl::StatusOr<storage::SecretBytes> Unseal(const storage::SecretBytes& key, absl::string_view sealed) {
  if (absl::Status checked = CheckKey(key); !checked.ok()) return checked;
  if (sealed.size() < kSealNonceBytes + kTagBytes) return NotSealed();
  const absl::string_view nonce = sealed.substr(0, kSealNonceBytes);
  const absl::string_view ciphertext = sealed.substr(kSealNonceBytes);
  bssl::ScopedEVP_AEAD_CTX context;
  std::string plaintext(ciphertext.size(), '\0');
  size_t size = 0;
  if (!EVP_AEAD_CTX_init(context.get(), EVP_aead_chacha20_poly1305(), Bytes(key.Reveal()), key.size(), kTagBytes,
                         nullptr) ||
      !EVP_AEAD_CTX_open(context.get(), reinterpret_cast<uint8_t*>(plaintext.data()), &size, plaintext.size(),
                         Bytes(nonce), nonce.size(), Bytes(ciphertext), ciphertext.size(), nullptr, 0)) {
    return NotSealed();
  }
  plaintext.resize(size);
  return storage::SecretBytes(std::move(plaintext));
}

}  // namespace tokensvc::macaroon
