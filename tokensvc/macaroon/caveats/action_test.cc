#include "tokensvc/macaroon/caveats/action.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tokensvc::macaroon {
namespace {

using testing::HasSubstr;
using tests::IsOkAndHolds;
using tests::StatusIs;

TEST(ActionTest, NoneIsASubsetOfEverything) {
  EXPECT_TRUE(IsSubset(Action::kNone, Action::kNone));
  EXPECT_TRUE(IsSubset(Action::kNone, Action::kRead));
}

TEST(ActionTest, EveryBitMustBeAllowed) {
  EXPECT_TRUE(IsSubset(Action::kRead | Action::kWrite, Action::kAll));
  EXPECT_FALSE(IsSubset(Action::kRead | Action::kWrite, Action::kRead));
  EXPECT_FALSE(IsSubset(static_cast<Action>(32), Action::kAll));
}

TEST(ActionTest, TextHasTheLettersInOrder) {
  EXPECT_EQ(ActionText(Action::kAll), "rwcdC");
  EXPECT_EQ(ActionText(Action::kControl | Action::kRead), "rC");
  EXPECT_EQ(ActionText(Action::kNone), "");
  EXPECT_EQ(ActionText(static_cast<Action>(0xffff)), "rwcdC");
}

TEST(ActionTest, ParseTakesLettersInAnyOrderAndTheStar) {
  EXPECT_THAT(ParseAction("Cr"), IsOkAndHolds(Action::kControl | Action::kRead));
  EXPECT_THAT(ParseAction("rwcdC"), IsOkAndHolds(Action::kAll));
  EXPECT_THAT(ParseAction(""), IsOkAndHolds(Action::kNone));
  EXPECT_THAT(ParseAction("*"), IsOkAndHolds(static_cast<Action>(0xffff)));
}

TEST(ActionTest, ParseRefusesUnknownLetters) {
  EXPECT_THAT(ParseAction("rx"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'x'")));
}

}  // namespace
}  // namespace tokensvc::macaroon
