#ifndef TESTS_FAKES_ES256_TEST_KEY_H_
#define TESTS_FAKES_ES256_TEST_KEY_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace tests {

// A P-256 key in memory, in the place of an authority's HSM. Copies share the key.
class Es256TestKey {
 public:
  Es256TestKey();  // a new key

  const std::string& spki_der() const;
  std::string key_id() const;

  // 64 bytes, R then S, over SHA-256 of the message.
  std::string Sign(absl::string_view message) const;

 private:
  struct Key;
  std::shared_ptr<const Key> key_;
};

}  // namespace tests

#endif  // TESTS_FAKES_ES256_TEST_KEY_H_
