#ifndef TESTS_ISSUER_TEST_BUNDLE_H_
#define TESTS_ISSUER_TEST_BUNDLE_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "tests/fakes/es256_test_key.h"

namespace tests {

// The times of the bundle's first key of each algorithm are kBundleStart (signing) to kBundleStart + 1 day (stopped) to
// + 2 days (removed); the second key is published at the start and signs from + 1 day on.
inline const absl::Time kBundleStart = absl::FromUnixSeconds(1'800'000'000);

struct TestBundle {
  uint64_t fleet_log_number = 5;
  std::string fleet = "dev.example";
  std::string issuer_base = "https://oidc.example";
  // Three more ES256 keys, first in the bundle, which have signed before the start; and an RS256 key that is published at
  // + 1 h and signs from + 2 h on.
  bool crowded = false;
};

// A serialized SignedKeyBundle of four organizations: acme (11, RS256), globex (12, ES256, epoch 3), stopped (13, RS256,
// stopped) and gone (14, deleted).
std::string SignedTestBundle(const Es256TestKey& bundle_key, const TestBundle& bundle = {});

}  // namespace tests

#endif  // TESTS_ISSUER_TEST_BUNDLE_H_
