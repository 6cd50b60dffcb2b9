#include "tokensvc/unique_id_source.h"

#include <set>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tokensvc {
namespace {

class FixedIds final : public UniqueIdSource {
 public:
  explicit FixedIds(char byte) : byte_(byte) {}
  std::string NewBytes() override { return std::string(16, byte_); }

 private:
  char byte_;
};

TEST(UniqueIdSourceTest, UuidCarriesVersionFourAndTheRfcVariant) {
  FixedIds ones('\xff');
  EXPECT_EQ(NewUuid(ones), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  FixedIds zeros('\0');
  EXPECT_EQ(NewUuid(zeros), "00000000-0000-4000-8000-000000000000");
}

TEST(UniqueIdSourceTest, UlidPutsMillisecondsBeforeTheRandomBits) {
  FixedIds ones('\xff');
  // 1469918176385 is the example of the ULID specification: its first ten characters are 01ARYZ6S41.
  EXPECT_EQ(NewUlid(ones, absl::FromUnixMillis(1469918176385)), "01ARYZ6S41ZZZZZZZZZZZZZZZZ");
}

TEST(UniqueIdSourceTest, UlidsSortByTime) {
  UniqueIdSource& ids = RandomIds();
  EXPECT_LT(NewUlid(ids, absl::FromUnixMillis(1000)), NewUlid(ids, absl::FromUnixMillis(1001)));
}

TEST(UniqueIdSourceTest, MachineIdsAreFourteenHexDigits) {
  FixedIds ones('\xab');
  EXPECT_EQ(NewMachineId(ones), "ababababababab");
}

TEST(UniqueIdSourceTest, RandomIdsDoNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(NewHexId(RandomIds()));
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(seen.begin()->size(), 32u);
}

}  // namespace
}  // namespace tokensvc
