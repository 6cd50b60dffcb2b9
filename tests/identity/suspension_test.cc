#include <signal.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "flyd/runtime/runner_client.h"
#include "flyd/runtime/runner_protocol.h"
#include "flyd/runtime/runtime.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/fakes/eventually.h"
#include "tests/identity/identity_fixture.h"
#include "tests/status_matchers.h"
#include "tokensvc/clock.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;
using Op = flyd::ControlRequest::Op;

// Reads its token in a loop for ever: a line for each that has ended, and one for each new one.
constexpr char kReader[] = R"(python3 -u -c "
import base64, json, time
last = None
print('ready')
while True:
    before = time.time()
    text = open('/.fly/oidc_token').read()
    payload = text.split('.')[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + '=' * (-len(payload) % 4)))
    if before >= claims['exp']: print('ended', claims['jti'])
    if claims['jti'] != last: print('saw', claims['jti'])
    last = claims['jti']
    time.sleep(0.001)
")";

class SuspensionTest : public IdentityTest {
 protected:
  bool StartReader(bool required) {
    nlohmann::json answer = Boot(kReader, {{"AWS_ROLE_ARN", "arn"}});
    answer["identity"]["required"] = required;
    return Start(answer) && AwaitOutput("ready");
  }
  absl::Status Say(Op op) {
    return flyd::CallRunner(BootDirectory(), {.op = op}, absl::Seconds(30)).status();
  }
  // Until a token of two seconds that was minted before this call has ended.
  static bool AwaitEndOfToken() {
    const absl::Time end = tokensvc::RealClock().Now() + absl::Seconds(2);
    return Eventually([end] { return tokensvc::RealClock().Now() >= end; });
  }
};

TEST_F(SuspensionTest, TheFirstReadAfterASuspensionLongerThanTheTokensLifeFindsANewOne) {
  SetLifetime(absl::Seconds(2));
  ASSERT_TRUE(StartReader(false));
  ASSERT_THAT(Say(Op::kSuspend), IsOk());
  const int before = minted();
  ASSERT_TRUE(AwaitEndOfToken());
  EXPECT_EQ(minted(), before) << "a suspended machine asks for nothing";
  SetLifetime(absl::Seconds(600));
  ASSERT_THAT(Say(Op::kResume), IsOk());
  ASSERT_TRUE(AwaitOutput(absl::StrCat("saw jti-", before)));
  EXPECT_THAT(Output(), Not(HasSubstr("ended")));
}

TEST_F(SuspensionTest, AFrozenInitRenewsBeforeTheWorkloadRuns) {
  SetLifetime(absl::Seconds(2));
  ASSERT_TRUE(StartReader(false));
  ASSERT_THAT(Say(Op::kSuspend), IsOk());
  const absl::StatusOr<flyd::RunningBoot> running = runtime_->Start(Spec());
  ASSERT_THAT(running.status(), IsOk());
  ASSERT_EQ(kill(running->init_pid, SIGSTOP), 0);
  const int before = minted();
  ASSERT_TRUE(AwaitEndOfToken());
  SetLifetime(absl::Seconds(600));
  ASSERT_EQ(kill(running->init_pid, SIGCONT), 0);
  ASSERT_THAT(Say(Op::kResume), IsOk());
  ASSERT_TRUE(AwaitOutput(absl::StrCat("saw jti-", before)));
  EXPECT_THAT(Output(), Not(HasSubstr("ended")));
}

TEST_F(SuspensionTest, ASuspendedWorkloadDoesNotRunAndCannotBeEntered) {
  ASSERT_TRUE(Start(Boot("while :; do date +%N > /tmp/now; done & echo ready; wait", {})));
  ASSERT_TRUE(AwaitOutput("ready"));
  ASSERT_THAT(Say(Op::kSuspend), IsOk());
  EXPECT_THAT(runtime_->Exec(kMachine, kBoot, {.command = {"true"}}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("machine: suspended, want it resumed")));
  ASSERT_THAT(Say(Op::kResume), IsOk());
  EXPECT_THAT(runtime_->Exec(kMachine, kBoot, {.command = {"true"}}).status(), IsOk());
}

TEST_F(SuspensionTest, BothOrdersMayBeRepeated) {
  ASSERT_TRUE(StartReader(false));
  EXPECT_THAT(Say(Op::kResume), IsOk()) << "nothing is suspended";
  EXPECT_THAT(Say(Op::kSuspend), IsOk());
  EXPECT_THAT(Say(Op::kSuspend), IsOk());
  EXPECT_THAT(Say(Op::kResume), IsOk());
  EXPECT_THAT(Say(Op::kResume), IsOk());
}

TEST_F(SuspensionTest, AWorkloadThatStoppedAJobFindsItStopped) {
  ASSERT_TRUE(Start(Boot("sleep 1000 & kill -STOP $!; echo $! > /tmp/job\n"
                         "while [ $(cut -d' ' -f3 /proc/$!/stat) != T ]; do sleep 0.02; done; echo ready\n"
                         "while [ ! -e /tmp/go ]; do sleep 0.02; done; cut -d' ' -f3 /proc/$(cat /tmp/job)/stat",
                         {})));
  ASSERT_TRUE(AwaitOutput("ready"));
  ASSERT_THAT(Say(Op::kSuspend), IsOk());
  ASSERT_THAT(Say(Op::kResume), IsOk());
  ASSERT_THAT(runtime_->Exec(kMachine, kBoot, {.command = {"touch", "/tmp/go"}}).status(), IsOk());
  ASSERT_TRUE(AwaitExit().has_value());
  EXPECT_EQ(Output(), "ready\nT\n");
}

TEST_F(SuspensionTest, WithoutATokenTheWorkloadGoesOnAndTheEventSaysSo) {
  ASSERT_TRUE(StartReader(false));
  ASSERT_THAT(Say(Op::kSuspend), IsOk());
  AnswerWith(403);
  ASSERT_THAT(Say(Op::kResume), IsOk());
  ASSERT_TRUE(flyd_->Await("/boot/events", 2));
  EXPECT_THAT(Events()[1], HasSubstr("identity_unavailable: oidc_token: answer 403"));
}

TEST_F(SuspensionTest, WhereIdentityIsRequiredTheWorkloadStaysHeldUntilThereIsAToken) {
  ASSERT_TRUE(StartReader(true));
  ASSERT_THAT(Say(Op::kSuspend), IsOk());
  AnswerWith(403);
  EXPECT_THAT(Say(Op::kResume), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("required; the workload is held")));
  const std::string before = Output();
  AnswerWith(200);
  ASSERT_THAT(Say(Op::kResume), IsOk());
  EXPECT_TRUE(AwaitOutput("saw jti-1"));
  EXPECT_THAT(before, Not(HasSubstr("saw jti-1")));
}

TEST_F(SuspensionTest, AMachineThatEndsWhileItIsSuspendedIsToldOf) {
  ASSERT_TRUE(StartReader(false));
  ASSERT_THAT(Say(Op::kSuspend), IsOk());
  EXPECT_THAT(runtime_->Signal(kMachine, kBoot, SIGKILL), IsOk());
  ASSERT_TRUE(AwaitExit().has_value());
  EXPECT_FALSE(Say(Op::kResume).ok());
}

}  // namespace
}  // namespace tests
