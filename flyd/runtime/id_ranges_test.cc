#include "flyd/runtime/id_ranges.h"

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using tests::StatusIs;

constexpr uint32_t kFirst = 0x40000000;

TEST(IdRangesTest, NoTwoOwnersShareARange) {
  IdRanges ranges(kFirst, 10);
  EXPECT_EQ(ranges.Take("a").value(), kFirst);
  EXPECT_EQ(ranges.Take("b").value(), kFirst + 65536);
}

TEST(IdRangesTest, AnOwnerKeepsItsRange) {
  IdRanges ranges(kFirst, 10);
  ASSERT_TRUE(ranges.Take("a").ok());
  ASSERT_TRUE(ranges.Take("b").ok());
  ranges.Release("a");
  EXPECT_EQ(ranges.Take("b").value(), kFirst + 65536) << "although a lower one is free";
}

TEST(IdRangesTest, AReleasedRangeIsGivenAgain) {
  IdRanges ranges(kFirst, 3);
  for (const char* owner : {"a", "b", "c"}) ASSERT_TRUE(ranges.Take(owner).ok());
  EXPECT_THAT(ranges.Take("d").status(), StatusIs(absl::StatusCode::kResourceExhausted));
  ranges.Release("b");
  EXPECT_EQ(ranges.Take("d").value(), kFirst + 65536);
}

TEST(IdRangesTest, RestoredRangesAreTaken) {
  IdRanges ranges(kFirst, 3);
  ranges.Restore("a", kFirst);
  ranges.Restore("c", kFirst + 2 * 65536);
  ranges.Restore("x", kFirst + 1);          // not ours
  ranges.Restore("y", kFirst + 3 * 65536);  // beyond the last
  EXPECT_EQ(ranges.Take("b").value(), kFirst + 65536);
  EXPECT_EQ(ranges.Take("c").value(), kFirst + 2 * 65536);
  EXPECT_THAT(ranges.Take("d").status(), StatusIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace flyd
