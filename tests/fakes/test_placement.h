#ifndef TESTS_FAKES_TEST_PLACEMENT_H_
#define TESTS_FAKES_TEST_PLACEMENT_H_

#include <string>

#include "tests/fakes/es256_test_key.h"
#include "tokensvc/placement/placement.h"

namespace tests {

// acme:web:m1 (organization 11, app 22, machine 148e21ea7e46e8) on worker w1 in yyz, generation 1, valid from an hour
// before `now` for 24 h, any audience allowed, default https://fly.example/acme.
tokensvc::Placement ExamplePlacement(const Es256TestKey& key, absl::Time now);

// The serialized SignedPlacement. Aborts where the placement is out of its bounds.
std::string SignPlacement(const tokensvc::Placement& placement, const Es256TestKey& key);

}  // namespace tests

#endif  // TESTS_FAKES_TEST_PLACEMENT_H_
