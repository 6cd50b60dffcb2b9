#include "storage/secret_bytes.h"

#include <cstdint>
#include <utility>

#include "openssl/crypto.h"
#include "openssl/mem.h"
#include "openssl/rand.h"

namespace storage {
namespace {

// Short strings live inside the object, so moving one leaves its bytes behind, past the end of the emptied string.
void ClearWhole(std::string& bytes) {
  bytes.resize(bytes.capacity());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  bytes.clear();
}

}  // namespace

SecretBytes::SecretBytes(std::string bytes) : bytes_(std::move(bytes)) { ClearWhole(bytes); }

SecretBytes::~SecretBytes() { Clear(); }

SecretBytes::SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) { other.Clear(); }

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this == &other) return *this;
  Clear();
  bytes_ = std::move(other.bytes_);
  other.Clear();
  return *this;
}

SecretBytes SecretBytes::Duplicate() const { return SecretBytes(std::string(bytes_)); }

void SecretBytes::Clear() { ClearWhole(bytes_); }

bool operator==(const SecretBytes& a, const SecretBytes& b) { return EqualInConstantTime(a.bytes_, b.bytes_); }

SecretBytes RandomSecret(size_t size) {
  std::string bytes(size, '\0');
  RAND_bytes(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size());
  return SecretBytes(std::move(bytes));
}

bool EqualInConstantTime(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace storage
