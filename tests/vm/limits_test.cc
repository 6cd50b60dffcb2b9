// A machine is held to its limits, and what it does against them harms itself alone. On a host with every controller:
// limits_in_vm runs it.
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>

#include <string>

#include "absl/strings/numbers.h"
#include "flyd/files/durable_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/init/group_fixture.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

using testing::HasSubstr;

class LimitsTest : public GroupTest {
 protected:
  flyd::BootExit RunPython(const std::string& python) {
    nlohmann::json answer = BootAnswer("");
    answer["run"]["command"] = {"/usr/bin/python3", "-c", python};
    return Run(answer);
  }
};

TEST_F(LimitsTest, TheHostHasEveryOne) {
  EXPECT_TRUE(runtime_->bounds().cpus);
  EXPECT_TRUE(runtime_->bounds().memory);
  EXPECT_TRUE(runtime_->bounds().pids);
}

TEST_F(LimitsTest, AMemoryBombEndsItselfAndIsToldApart) {
  limits_ = {.memory_bytes = 64 << 20};
  const flyd::BootExit exit = RunPython("print('begun', flush=True); b = bytearray(200 << 20); print('DONE')");
  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_EQ(exit.exit_code, 128 + SIGKILL);
  EXPECT_TRUE(exit.oom_killed);
  EXPECT_EQ(exit.error, "") << "init did not live to tell";
  EXPECT_EQ(Output(), "begun\n");
}

TEST_F(LimitsTest, WhatItWritesToTmpIsItsMemory) {
  limits_ = {.memory_bytes = 64 << 20};
  const flyd::BootExit exit = RunPython("with open('/tmp/full', 'wb') as f:\n for _ in range(200): f.write(bytes(1 << 20))");
  EXPECT_TRUE(exit.oom_killed);
}

TEST_F(LimitsTest, AWorkloadThatOutlivesItsGreedyChildWasNotKilled) {
  limits_ = {.memory_bytes = 64 << 20};
  const flyd::BootExit exit = RunPython(R"(
import os
child = os.fork()
if child == 0: b = bytearray(200 << 20)
print('child ended by', os.waitpid(child, 0)[1])
)");
  EXPECT_EQ(exit.exit_code, 0);
  EXPECT_FALSE(exit.oom_killed);
  EXPECT_EQ(Output(), "child ended by 9\n");
}

TEST_F(LimitsTest, AForkBombHasItsPidsAndNoMore) {
  limits_ = {.pids = 64};
  const flyd::BootExit exit = RunPython(R"(
import os, signal
forks = 0
try:
    while forks < 1000:
        if os.fork() == 0: signal.pause()
        forks += 1
except BlockingIOError: print('full')
print(50 < forks < 64)
)");
  EXPECT_EQ(exit.exit_code, 0) << Errors();
  EXPECT_EQ(Output(), "full\nTrue\n");
}

TEST_F(LimitsTest, TwoThatAreBusyShareTheOneProcessorOfTheirMachine) {
  limits_ = {.cpus = 1};
  ASSERT_TRUE(Start(BootAnswer("(while :; do :; done) & while :; do :; done")));
  // The kernel counts each period in which the machine wanted more than it has.
  while (GroupFile("cpu.stat").find("nr_throttled 0\n") != std::string::npos) {
  }
  EXPECT_THAT(GroupFile("cpu.stat"), HasSubstr("nr_throttled "));
  EXPECT_EQ(GroupFile("cpu.max"), "100000 100000\n");
}

TEST_F(LimitsTest, AMachineWithoutLimitsHasNone) {
  ASSERT_TRUE(Start(BootAnswer("sleep 1000")));
  EXPECT_EQ(GroupFile("memory.max"), "max\n");
  EXPECT_EQ(GroupFile("pids.max"), "max\n");
  EXPECT_EQ(GroupFile("cpu.max"), "max 100000\n");
}

// The last, for the unit cannot be started again while the machine runs.
TEST_F(LimitsTest, AMachineOutlivesTheProcessThatKeepsThePlaceOfTheGroups) {
  if (getenv("CONTROL_GROUP") == nullptr) return;  // not under the unit
  ASSERT_TRUE(Start(BootAnswer("trap 'exit 6' USR1; echo ready; sleep 1000 & wait")));
  ASSERT_TRUE(AwaitOutput("ready"));
  const std::string procs = control_group_ + "/../unit/cgroup.procs";
  pid_t keeper = 0;
  ASSERT_TRUE(absl::SimpleAtoi(flyd::ReadWholeFile(procs).value(), &keeper));
  ASSERT_EQ(kill(keeper, SIGKILL), 0);
  ASSERT_EQ(system("until systemctl show -p SubState --value flyd-machines | grep -q -v running; do :; done"), 0);
  ASSERT_THAT(runtime_->Signal(kMachine, kBoot, SIGUSR1), IsOk());
  const auto exit = AwaitExit();
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->exit_code, 6) << "it was ended with the process";
}

}  // namespace
}  // namespace tests
