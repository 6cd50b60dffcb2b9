#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/fakes/eventually.h"
#include "tests/fakes/nudge_clock.h"
#include "tests/identity/identity_fixture.h"

namespace tests {
namespace {

TEST_F(IdentityTest, EveryTokenIsRenewedAtOnceWhenTheClockIsSet) {
  ASSERT_TRUE(Start(Boot("echo started; sleep 1000", {{"AWS_ROLE_ARN", "arn"}, {"AZURE_CLIENT_ID", "c"}, {"AZURE_TENANT_ID", "t"}})));
  ASSERT_TRUE(AwaitOutput("started"));
  const int before = minted();
  if (!NudgeClock()) GTEST_SKIP() << "the clock may not be set here";
  EXPECT_TRUE(Eventually([&] { return minted() >= before + 2; }, absl::Seconds(5))) << minted();
}

}  // namespace
}  // namespace tests
