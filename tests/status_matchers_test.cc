#include "tests/status_matchers.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(StatusMatchersTest, IsOkTellsSuccessFromFailure) {
  EXPECT_THAT(absl::OkStatus(), IsOk());
  EXPECT_THAT(absl::StatusOr<int>(7), IsOk());
  EXPECT_THAT(absl::AbortedError("version 4"), Not(IsOk()));
}

TEST(StatusMatchersTest, StatusIsComparesTheCode) {
  EXPECT_THAT(absl::AbortedError("version 4"), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(absl::AbortedError("version 4"), Not(StatusIs(absl::StatusCode::kNotFound)));
}

TEST(StatusMatchersTest, StatusIsComparesTheMessage) {
  const absl::StatusOr<std::string> result = absl::AbortedError("version 4");
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kAborted, "version 4"));
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kAborted, HasSubstr("4")));
  EXPECT_THAT(result, Not(StatusIs(absl::StatusCode::kAborted, HasSubstr("5"))));
}

TEST(StatusMatchersTest, IsOkAndHoldsLooksAtTheValue) {
  EXPECT_THAT(absl::StatusOr<std::string>("web"), IsOkAndHolds("web"));
  EXPECT_THAT(absl::StatusOr<std::string>("web"), Not(IsOkAndHolds("api")));
  EXPECT_THAT(absl::StatusOr<std::string>(absl::NotFoundError("web")), Not(IsOkAndHolds("web")));
}

}  // namespace
}  // namespace tests
