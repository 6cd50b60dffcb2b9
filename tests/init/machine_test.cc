#include <signal.h>

#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flyd/runtime/process_identity.h"
#include "flyd/runtime/runtime.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/init/fake_flyd.h"
#include "tests/init/machine_fixture.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(MachineTest, TheExitCodeOfTheProgramIsTheBoots) {
  const flyd::BootExit exit = RunScript("exit 7");
  EXPECT_EQ(exit.exit_code, 7);
  EXPECT_EQ(exit.signal, 0);
  EXPECT_EQ(exit.error, "");
}

TEST_F(MachineTest, AProgramThatDiesOfASignalHasItAndItsNumber) {
  const flyd::BootExit exit = RunScript("kill -TERM $$");
  EXPECT_EQ(exit.exit_code, 128 + SIGTERM);
  EXPECT_EQ(exit.signal, SIGTERM);
}

TEST_F(MachineTest, AProgramThatIsNotThereIs127AndNamed) {
  nlohmann::json answer = BootAnswer("");
  answer["run"]["command"] = {"/no/such/program"};
  const flyd::BootExit exit = Run(answer);
  EXPECT_EQ(exit.exit_code, 127);
  EXPECT_THAT(exit.error, HasSubstr("command: /no/such/program"));
}

TEST_F(MachineTest, OutputsGoToTheirLogs) {
  RunScript("echo to-stdout; echo to-stderr >&2");
  EXPECT_EQ(Output(), "to-stdout\n");
  EXPECT_EQ(Errors(), "to-stderr\n");
}

TEST_F(MachineTest, TheBootIsAskedForOnceAndItsStartReported) {
  EXPECT_EQ(RunScript("true").exit_code, 0);
  EXPECT_EQ(flyd_->Seen("/boot").size(), 1u);
  ASSERT_EQ(flyd_->Seen("/boot/events").size(), 1u);
  const SeenRequest event = flyd_->Seen("/boot/events")[0];
  EXPECT_EQ(nlohmann::json::parse(event.body)["type"], "started");
  EXPECT_EQ(event.headers.find("authorization")->second, kMacaroon);
}

TEST_F(MachineTest, ABootThatWasAnsweredBeforeDoesNotRun) {
  nlohmann::json answer = BootAnswer("echo ran");
  ASSERT_TRUE(Start(answer));
  ASSERT_TRUE(AwaitExit().has_value());
  const flyd::BootSpec second = {.machine_id = kMachine, .boot_id = "ffffffffffffffffffffffffffffffff", .hostname = "m1",
                                 .image = "host"};
  RestartRuntime();
  ASSERT_THAT(runtime_->Start(second).status(), IsOk());
  const std::optional<flyd::BootExit> exit = AwaitExit();
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->exit_code, 125);
  EXPECT_THAT(exit->error, HasSubstr("boot: answered before"));
  EXPECT_THAT(runtime_->Remove(kMachine, second.boot_id), IsOk());
}

TEST_F(MachineTest, ThePlatformsVariablesAreTrueWhateverTheUserSet) {
  nlohmann::json answer = BootAnswer("env");
  answer["run"]["env"] = {{"GREETING", "hello"}, {"FLY_MACHINE_ID", "another"}, {"FLY_APP_NAME", "another"}};
  Run(answer);
  EXPECT_THAT(Output(), HasSubstr("GREETING=hello\n"));
  EXPECT_THAT(Output(), HasSubstr("FLY_APP_NAME=web\n"));
  EXPECT_THAT(Output(), HasSubstr("FLY_MACHINE_ID=148e21f0c12345\n"));
  EXPECT_THAT(Output(), HasSubstr("FLY_ALLOC_ID=148e21f0c12345\n"));
  EXPECT_THAT(Output(), HasSubstr("FLY_REGION=yyz\n"));
  EXPECT_THAT(Output(), HasSubstr("FLY_IMAGE_REF=host\n"));
  EXPECT_THAT(Output(), HasSubstr("FLY_MACHINE_VERSION=01HZZZZZZZZZZZZZZZZZZZZZZZ\n"));
  EXPECT_THAT(Output(), Not(HasSubstr("AWS_")));
}

TEST_F(MachineTest, TheWorkloadRunsInItsDirectoryAndSession) {
  nlohmann::json answer = BootAnswer("pwd; cut -d' ' -f1,6 /proc/$$/stat; hostname");
  answer["run"]["working_dir"] = "/usr/bin";
  Run(answer);
  EXPECT_EQ(Output(), "/usr/bin\n2 2\nm1\n");
}

TEST_F(MachineTest, AnotherUserHasItsGroupsAndItsSocket) {
  if (IsRootless()) GTEST_SKIP() << "a rootless machine has one id";
  nlohmann::json answer = BootAnswer("id -u; id -g; stat -c '%a %u %g' /.fly /.fly/api; echo hi > /dev/stderr");
  answer["run"]["user"] = "33:7";
  answer["identity"]["socket_mode"] = "0660";
  Run(answer);
  EXPECT_EQ(Output(), "33\n7\n755 0 0\n660 33 7\n");
  EXPECT_EQ(Errors(), "hi\n");
}

TEST_F(MachineTest, ARootlessMachineRefusesAnotherUser) {
  if (!IsRootless()) GTEST_SKIP() << "root maps every id";
  nlohmann::json answer = BootAnswer("true");
  answer["run"]["user"] = "33";
  const flyd::BootExit exit = Run(answer);
  EXPECT_EQ(exit.exit_code, 125);
  EXPECT_THAT(exit.error, HasSubstr("want root: a rootless machine has one id"));
}

TEST_F(MachineTest, ASignalReachesTheProgram) {
  ASSERT_TRUE(Start(BootAnswer("trap 'echo got; exit 3' TERM; echo ready; while :; do sleep 0.02; done")));
  ASSERT_TRUE(AwaitOutput("ready"));
  EXPECT_THAT(runtime_->Signal(kMachine, kBoot, SIGTERM), IsOk());
  const std::optional<flyd::BootExit> exit = AwaitExit();
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->exit_code, 3);
  EXPECT_THAT(Output(), HasSubstr("got"));
  EXPECT_THAT(runtime_->Signal(kMachine, kBoot, SIGTERM), IsOk()) << "OK where the boot has ended";
}

TEST_F(MachineTest, SigkillEndsAllOfTheMachine) {
  ASSERT_TRUE(Start(BootAnswer("trap '' TERM INT; setsid sleep 1000 & echo ready; wait")));
  ASSERT_TRUE(AwaitOutput("ready"));
  EXPECT_THAT(runtime_->Signal(kMachine, kBoot, SIGKILL), IsOk());
  const std::optional<flyd::BootExit> exit = AwaitExit();
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->exit_code, 137);
  EXPECT_EQ(exit->signal, SIGKILL);
}

TEST_F(MachineTest, TheEndOfTheProgramEndsWhatItLeftBehind) {
  RunScript("setsid sh -c 'trap \"\" TERM HUP; sleep 1000' & exit 0");
  EXPECT_THAT(runtime_->Observe(kMachine, kBoot).status(), IsOk());
  EXPECT_TRUE(std::holds_alternative<flyd::BootExit>(*runtime_->Observe(kMachine, kBoot)));
}

TEST_F(MachineTest, OrphansAreReaped) {
  const flyd::BootExit exit = RunScript(
      "i=0; while [ $i -lt 300 ]; do (true & ) ; i=$((i+1)); done\n"
      "tries=0; while [ $tries -lt 200 ]; do\n"
      "  zombies=$(cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z'); [ $zombies = 0 ] && echo none && exit 0\n"
      "  tries=$((tries+1)); sleep 0.02; done; exit 1");
  EXPECT_EQ(exit.exit_code, 0);
  EXPECT_EQ(Output(), "none\n");
}

TEST_F(MachineTest, NothingOfTheHostsSecretsIsVisible) {
  RunScript(absl::StrCat("ls -A /root /home /tmp /run/flyd ", run_dir_, " 2>/dev/null; tr '\\0' ' ' < /proc/1/cmdline; echo; ",
                         "cat /proc/self/mountinfo; touch /usr/x 2>&1; mknod /tmp/d c 1 3 2>&1 || echo refused"));
  EXPECT_THAT(Output(), Not(HasSubstr(run_dir_)));
  EXPECT_THAT(Output(), HasSubstr("init"));
  EXPECT_THAT(Output(), HasSubstr("Read-only file system"));
  EXPECT_THAT(Output(), HasSubstr("refused"));
}

TEST_F(MachineTest, ExecRunsInsideAsTheWorkload) {
  ASSERT_TRUE(Start(BootAnswer("echo ready; sleep 1000")));
  ASSERT_TRUE(AwaitOutput("ready"));
  const absl::StatusOr<flyd::ExecResult> result = runtime_->Exec(
      kMachine, kBoot,
      {.command = {"sh", "-c", "cat; echo $FLY_APP_NAME; hostname; echo oops >&2; exit 4"}, .stdin_bytes = "from stdin\n"});
  ASSERT_THAT(result.status(), IsOk());
  EXPECT_EQ(result->exit_code, 4);
  EXPECT_EQ(result->stdout_bytes, "from stdin\nweb\nm1\n");
  EXPECT_EQ(result->stderr_bytes, "oops\n");
  EXPECT_FALSE(result->truncated);
}

TEST_F(MachineTest, ALongOutputOfAnExecIsCutAndSaysSo) {
  ASSERT_TRUE(Start(BootAnswer("echo ready; sleep 1000")));
  ASSERT_TRUE(AwaitOutput("ready"));
  const absl::StatusOr<flyd::ExecResult> result =
      runtime_->Exec(kMachine, kBoot, {.command = {"head", "-c", "1048577", "/dev/zero"}});
  ASSERT_THAT(result.status(), IsOk());
  EXPECT_EQ(result->stdout_bytes.size(), 1048576u);
  EXPECT_TRUE(result->truncated);
}

TEST_F(MachineTest, AnExecThatTakesTooLongIsKilled) {
  ASSERT_TRUE(Start(BootAnswer("echo ready; sleep 1000")));
  ASSERT_TRUE(AwaitOutput("ready"));
  EXPECT_THAT(
      runtime_->Exec(kMachine, kBoot, {.command = {"sleep", "777"}, .timeout = absl::Milliseconds(100)}).status(),
      StatusIs(absl::StatusCode::kDeadlineExceeded));
  const absl::StatusOr<flyd::ExecResult> left = runtime_->Exec(
      kMachine, kBoot,
      {.command = {"sh", "-c",
                   "i=0; while [ $i -lt 200 ]; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -q 'sleep [7]77' "
                   "|| exit 0; sleep 0.02; i=$((i+1)); done; exit 1"}});
  ASSERT_THAT(left.status(), IsOk());
  EXPECT_EQ(left->exit_code, 0) << "the program that was given up still runs";
}

TEST_F(MachineTest, ExecOfAMachineThatEndedIsRefused) {
  RunScript("true");
  EXPECT_THAT(runtime_->Exec(kMachine, kBoot, {.command = {"true"}}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace tests
