// Machines in control groups of their own: where their processes are, how they are suspended, and what is left of them.
#include <signal.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "flyd/files/durable_file.h"
#include "flyd/runtime/boot_files.h"
#include "flyd/runtime/process_identity.h"
#include "flyd/runtime/process_runtime.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/eventually.h"
#include "tests/init/group_fixture.h"
#include "tests/status_matchers.h"
#include "tokensvc/clock.h"

namespace tests {
namespace {

using absl::StatusCode;
using testing::HasSubstr;
using testing::Not;

TEST_F(GroupTest, WhatRunsIsInTheWorkloadsGroupAndLearnsNoFolderOfTheHost) {
  ASSERT_TRUE(Start(BootAnswer("cat /proc/self/cgroup; echo ready; read line < /dev/null; sleep 1000")));
  ASSERT_TRUE(AwaitOutput("ready"));
  EXPECT_THAT(Output(), HasSubstr("0::/../workload\n"));
  EXPECT_THAT(Output(), Not(HasSubstr("flyd-test")));
  const auto record = flyd::DecodeRunner(flyd::ReadWholeFile(BootDirectory() + "/runner.json").value());
  ASSERT_THAT(record, IsOk());
  EXPECT_EQ(GroupFile("init/cgroup.procs"), absl::StrCat(record->init.pid, "\n"));
  const auto inside = runtime_->Exec(kMachine, kBoot, {.command = {"/bin/cat", "/proc/self/cgroup"}});
  ASSERT_THAT(inside, IsOk());
  EXPECT_THAT(inside->stdout_bytes, HasSubstr("0::/../workload\n"));
}

// A parent is told of a child that is stopped by a signal, and a handler runs when it is continued.
constexpr char kWatchesItself[] = R"(
exec /usr/bin/python3 -c "
import os, signal, time
signal.signal(signal.SIGCONT, lambda *_: print('SAW SIGCONT', flush=True))
asked = []
signal.signal(signal.SIGUSR1, lambda *_: asked.append(1))
child = os.fork()
while child == 0: time.sleep(0.01)
print('ready', flush=True)
while not asked: signal.pause()
pid, status = os.waitpid(child, os.WUNTRACED | os.WCONTINUED | os.WNOHANG)
print('SAW A STOP' if pid else 'saw nothing', flush=True)
os.kill(child, signal.SIGKILL)
"
)";

TEST_F(GroupTest, ASuspensionHoldsTheWorkloadAloneAndIsNotSeen) {
  ASSERT_TRUE(Start(BootAnswer(kWatchesItself)));
  ASSERT_TRUE(AwaitOutput("ready"));
  ASSERT_THAT(runtime_->Suspend(kMachine, kBoot), IsOk());
  ASSERT_THAT(runtime_->Suspend(kMachine, kBoot), IsOk()) << "it may be repeated";
  EXPECT_THAT(GroupFile("workload/cgroup.events"), HasSubstr("frozen 1"));
  EXPECT_THAT(GroupFile("init/cgroup.events"), HasSubstr("frozen 0"));
  EXPECT_THAT(runtime_->Exec(kMachine, kBoot, {.command = {"/bin/true"}}), StatusIs(StatusCode::kFailedPrecondition));
  RestartRuntime();  // a flyd that was killed meanwhile
  ASSERT_THAT(runtime_->Observe(kMachine, kBoot), IsOk());
  ASSERT_THAT(runtime_->Resume(kMachine, kBoot), IsOk());
  EXPECT_THAT(GroupFile("workload/cgroup.events"), HasSubstr("frozen 0"));
  ASSERT_THAT(runtime_->Signal(kMachine, kBoot, SIGUSR1), IsOk());
  const auto exit = AwaitExit();
  ASSERT_TRUE(exit.has_value());
  EXPECT_THAT(Output(), HasSubstr("saw nothing"));
  EXPECT_THAT(Output(), Not(HasSubstr("SAW")));
}

TEST_F(GroupTest, ASuspendedMachineIsKilledAllTheSame) {
  ASSERT_TRUE(Start(BootAnswer("echo ready; sleep 1000")));
  ASSERT_TRUE(AwaitOutput("ready"));
  ASSERT_THAT(runtime_->Suspend(kMachine, kBoot), IsOk());
  ASSERT_THAT(runtime_->Signal(kMachine, kBoot, SIGKILL), IsOk());
  const auto exit = AwaitExit();
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->signal, SIGKILL);
  EXPECT_FALSE(exit->oom_killed);
}

TEST_F(GroupTest, AMachineThatEndedHasLeftNoGroup) {
  EXPECT_EQ(RunScript("sleep 1000 & exit 3").exit_code, 3);
  EXPECT_NE(access(Group().c_str(), F_OK), 0);
}

TEST_F(GroupTest, WhatAKilledRunnerLeavesIsRemovedWhenItsEndIsNoticed) {
  ASSERT_TRUE(Start(BootAnswer("echo ready; sleep 1000")));
  ASSERT_TRUE(AwaitOutput("ready"));
  const auto record = flyd::DecodeRunner(flyd::ReadWholeFile(BootDirectory() + "/runner.json").value());
  ASSERT_THAT(record, IsOk());
  ASSERT_EQ(kill(record->runner.pid, SIGKILL), 0);
  ASSERT_TRUE(AwaitExit().has_value());
  EXPECT_NE(access(Group().c_str(), F_OK), 0);
}

TEST_F(GroupTest, WhatARunnerLeavesThatWasKilledWhileFlydWasAwayIsRemovedWhenItIsLookedFor) {
  ASSERT_TRUE(Start(BootAnswer("echo ready; sleep 1000")));
  ASSERT_TRUE(AwaitOutput("ready"));
  const auto record = flyd::DecodeRunner(flyd::ReadWholeFile(BootDirectory() + "/runner.json").value());
  ASSERT_THAT(record, IsOk());
  runtime_.reset();
  ASSERT_EQ(kill(record->runner.pid, SIGKILL), 0);
  ASSERT_TRUE(Eventually([&record] { return absl::IsNotFound(flyd::OpenProcess(record->runner).status()); }));
  EXPECT_EQ(access(Group().c_str(), F_OK), 0) << "who removed it?";
  RestartRuntime();
  ASSERT_THAT(runtime_->Observe(kMachine, kBoot), IsOk());
  EXPECT_NE(access(Group().c_str(), F_OK), 0);
}

class GroupRefusalTest : public MachineTest {
 protected:
  absl::Status Create(const std::string& group) const {
    return flyd::ProcessRuntime::Create({.run_dir = run_dir_, .init_path = "/bin/true", .control_group = group},
                                        tokensvc::RealClock(), [](auto, auto, auto&) {})
        .status();
  }
};

TEST_F(GroupRefusalTest, AFolderOutsideOfTheHierarchyIsNoControlGroup) {
  EXPECT_THAT(Create(run_dir_ + "/groups"), StatusIs(StatusCode::kInvalidArgument, HasSubstr("want cgroup v2")));
  EXPECT_THAT(Create(run_dir_ + "/absent/groups"), StatusIs(StatusCode::kInvalidArgument, HasSubstr("No such file")));
}

TEST_F(GroupRefusalTest, ALimitThatTheHostCannotHoldStartsNothing) {
  limits_ = {.memory_bytes = 64 << 20};
  EXPECT_THAT(runtime_->Start(Spec()), StatusIs(StatusCode::kFailedPrecondition, HasSubstr("limit of memory")));
  EXPECT_NE(access(BootDirectory().c_str(), F_OK), 0);
}

}  // namespace
}  // namespace tests
