#include "flyd/supervisor/placement_check.h"

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/test_placement.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class PlacementCheckTest : public testing::Test {
 protected:
  static tokensvc::PlacementKey Public(const Es256TestKey& key) { return {.key_id = key.key_id(), .spki_der = key.spki_der()}; }
  std::string SignedBy(const Es256TestKey& key) const { return SignPlacement(ExamplePlacement(key, kNow), key); }

  const Es256TestKey old_;
  const Es256TestKey new_;
  int asked_ = 0;
  absl::StatusOr<std::vector<tokensvc::PlacementKey>> answer_ = std::vector<tokensvc::PlacementKey>{Public(old_), Public(new_)};
  const flyd::PlacementCheck check_{"w1", {Public(old_)}, [this] {
                                      ++asked_;
                                      return answer_;
                                    }};
};

TEST_F(PlacementCheckTest, AKeyThatIsKnownIsNotAskedFor) {
  EXPECT_THAT(check_.Check(SignedBy(old_), kNow), IsOk());
  EXPECT_EQ(asked_, 0);
}

TEST_F(PlacementCheckTest, AKeyThatCameSinceIsFoundAtOnce) {
  EXPECT_THAT(check_.Check(SignedBy(new_), kNow), IsOk());
  EXPECT_THAT(check_.Check(SignedBy(new_), kNow), IsOk());
  EXPECT_THAT(check_.Check(SignedBy(old_), kNow), IsOk());
  EXPECT_EQ(asked_, 1);
}

TEST_F(PlacementCheckTest, AnUnknownKeyIsAskedForEveryTenSeconds) {
  const Es256TestKey forged;
  const auto refused = StatusIs(StatusCode::kInvalidArgument, HasSubstr("placement key_id: " + forged.key_id()));
  for (const int second : {0, 1, 9}) EXPECT_THAT(check_.Check(SignedBy(forged), kNow + absl::Seconds(second)), refused);
  EXPECT_EQ(asked_, 1);
  EXPECT_THAT(check_.Check(SignedBy(forged), kNow + absl::Seconds(10)), refused);
  EXPECT_EQ(asked_, 2);
}

TEST_F(PlacementCheckTest, WithoutFleetdWhatIsKnownGoesOn) {
  answer_ = absl::UnavailableError("fleetd: away");
  EXPECT_THAT(check_.Check(SignedBy(new_), kNow), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(check_.Check(SignedBy(old_), kNow), IsOk());
}

}  // namespace
}  // namespace tests
