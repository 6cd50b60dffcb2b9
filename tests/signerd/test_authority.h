#ifndef TESTS_SIGNERD_TEST_AUTHORITY_H_
#define TESTS_SIGNERD_TEST_AUTHORITY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/fakes/es256_test_key.h"
#include "tokensvc/fleetlog/fleet_log_values.h"

namespace tests {

// A fleet's authority in memory: it signs the entries and heads that a signer applies, and placements under its one key.
// It begins with the settings of "test.fleet", the active organization acme (11, RS256), and a slot of each algorithm that
// signs from an hour before `now` on.
class TestAuthority {
 public:
  explicit TestAuthority(absl::Time now);

  const Es256TestKey& key() const { return key_; }
  const std::vector<std::string>& entries() const { return entries_; }  // serialized SignedFleetLogEntries, from 1

  // Signs the next entry and answers it.
  const std::string& Append(tokensvc::FleetChange change);

  // A serialized SignedFleetHead over the last entry.
  std::string Head(absl::Time issued, absl::Time expires) const;

  static tokensvc::OrganizationIssuer Acme();
  tokensvc::PlacementKey PlacementKey() const;
  tokensvc::FleetSettings Settings() const;

 private:
  const absl::Time now_;
  Es256TestKey key_;
  std::vector<std::string> entries_;
};

}  // namespace tests

#endif  // TESTS_SIGNERD_TEST_AUTHORITY_H_
