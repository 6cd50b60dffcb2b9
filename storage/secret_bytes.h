#ifndef STORAGE_SECRET_BYTES_H_
#define STORAGE_SECRET_BYTES_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace storage {

// Key material. Zeroed when destroyed or moved from, compared in constant time, and without operator<< or ToString(),
// so it cannot be logged by accident. A moved-from object is empty.
class SecretBytes {
 public:
  // Takes `bytes` over; whoever still holds another copy of them clears that one.
  explicit SecretBytes(std::string bytes);
  ~SecretBytes();

  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;

  // Searching for this name finds every place that touches a raw key. Valid while this object lives unchanged.
  absl::string_view Reveal() const { return bytes_; }

  size_t size() const { return bytes_.size(); }

  // The one deliberate way to have the same secret twice.
  SecretBytes Duplicate() const;

  // Takes the same time wherever the first difference stands. The lengths are not secret.
  friend bool operator==(const SecretBytes& a, const SecretBytes& b);

 private:
  void Clear();

  std::string bytes_;
};

// `size` bytes of the cryptographic library's own random source, which no test seam can replace.
SecretBytes RandomSecret(size_t size);

// True if both hold the same bytes; constant time for equal lengths, as for SecretBytes. For MACs, which are no keys.
bool EqualInConstantTime(absl::string_view a, absl::string_view b);

}  // namespace storage

#endif  // STORAGE_SECRET_BYTES_H_
