#ifndef TESTS_FAKES_MEMORY_FLEET_KEY_H_
#define TESTS_FAKES_MEMORY_FLEET_KEY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/fakes/es256_test_key.h"
#include "tokensvc/fleet/keys/fleet_key.h"

namespace tests {

// The authority's key, in memory. Thread-safe.
class MemoryFleetKey final : public tokensvc::FleetKey {
 public:
  const std::string& spki_der() const override { return key_.spki_der(); }
  absl::StatusOr<std::string> SignEs256(absl::string_view message) override { return key_.Sign(message); }

 private:
  Es256TestKey key_;
};

}  // namespace tests

#endif  // TESTS_FAKES_MEMORY_FLEET_KEY_H_
