#include <signal.h>
#include <sys/stat.h>

#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "flyd/files/durable_file.h"
#include "flyd/runtime/boot_files.h"
#include "flyd/runtime/process_identity.h"
#include "flyd/runtime/runtime.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/eventually.h"
#include "tests/init/machine_fixture.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

using testing::HasSubstr;

class AdoptionTest : public MachineTest {
 protected:
  // Observes until the boot is seen to have ended.
  flyd::BootExit AwaitObservedExit() {
    absl::StatusOr<flyd::BootObservation> seen = absl::InternalError("not observed");
    const bool ended = Eventually([&] {
      seen = runtime_->Observe(kMachine, kBoot);
      EXPECT_THAT(seen.status(), IsOk());
      return seen.ok() && std::holds_alternative<flyd::BootExit>(*seen);
    });
    if (ended) return std::get<flyd::BootExit>(*seen);
    ADD_FAILURE() << "no end was observed";
    return {};
  }
};

TEST_F(AdoptionTest, ABootThatWasNeverStartedIsNothing) {
  const absl::StatusOr<flyd::BootObservation> seen = runtime_->Observe(kMachine, kBoot);
  ASSERT_THAT(seen.status(), IsOk());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(*seen));
  EXPECT_THAT(runtime_->Remove(kMachine, kBoot), IsOk());
}

TEST_F(AdoptionTest, StartingAgainFindsTheSameRunner) {
  ASSERT_TRUE(Start(BootAnswer("sleep 1000")));
  const absl::StatusOr<flyd::RunningBoot> first = runtime_->Start(Spec());
  const absl::StatusOr<flyd::RunningBoot> second = runtime_->Start(Spec());
  ASSERT_THAT(first.status(), IsOk());
  ASSERT_THAT(second.status(), IsOk());
  EXPECT_EQ(first->runner_pid, second->runner_pid);
  EXPECT_EQ(first->runner_start_ticks, second->runner_start_ticks);
  EXPECT_GT(first->init_pid, 0);
}

TEST_F(AdoptionTest, AnEndedBootDoesNotStartAgain) {
  RunScript("exit 5");
  EXPECT_THAT(runtime_->Start(Spec()).status(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("ended")));
}

TEST_F(AdoptionTest, ARestartedRuntimeFindsTheMachineAndHearsOfItsEnd) {
  ASSERT_TRUE(Start(BootAnswer("trap 'exit 6' TERM; echo ready; while :; do sleep 0.02; done")));
  const absl::StatusOr<flyd::RunningBoot> before = runtime_->Start(Spec());
  ASSERT_TRUE(AwaitOutput("ready"));
  RestartRuntime();
  const absl::StatusOr<flyd::BootObservation> seen = runtime_->Observe(kMachine, kBoot);
  ASSERT_THAT(seen.status(), IsOk());
  ASSERT_TRUE(std::holds_alternative<flyd::RunningBoot>(*seen));
  EXPECT_EQ(std::get<flyd::RunningBoot>(*seen).runner_pid, before->runner_pid);
  EXPECT_EQ(std::get<flyd::RunningBoot>(*seen).init_pid, before->init_pid);
  EXPECT_THAT(runtime_->Signal(kMachine, kBoot, SIGTERM), IsOk());
  const std::optional<flyd::BootExit> exit = AwaitExit();
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->exit_code, 6);
}

TEST_F(AdoptionTest, AnExitDuringTheAbsenceHasItsCode) {
  ASSERT_TRUE(Start(BootAnswer("while [ ! -e /tmp/go ]; do sleep 0.02; done; exit 9")));
  ASSERT_TRUE(flyd_->Await("/boot/events", 1));
  ASSERT_THAT(runtime_->Exec(kMachine, kBoot, {.command = {"true"}}).status(), IsOk());
  // The file is made after the runtime is gone: by an exec that outlives its answer.
  ASSERT_THAT(runtime_->Exec(kMachine, kBoot, {.command = {"sh", "-c", "(sleep 0.2; touch /tmp/go) >/dev/null 2>&1 &"}})
                  .status(),
              IsOk());
  runtime_.reset();
  RestartRuntime();
  const flyd::BootExit exit = AwaitObservedExit();
  EXPECT_EQ(exit.exit_code, 9);
  EXPECT_EQ(exit.error, "");
}

TEST_F(AdoptionTest, AKilledRunnerTakesItsMachineAlong) {
  ASSERT_TRUE(Start(BootAnswer("sleep 1000")));
  const absl::StatusOr<flyd::RunningBoot> running = runtime_->Start(Spec());
  const absl::StatusOr<flyd::ProcessIdentity> init = flyd::IdentifyProcess(running->init_pid);
  ASSERT_THAT(init.status(), IsOk());
  kill(running->runner_pid, SIGKILL);
  const std::optional<flyd::BootExit> exit = AwaitExit();
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->exit_code, 137);
  EXPECT_THAT(exit->error, HasSubstr("without exit.json"));
  EXPECT_TRUE(Eventually([&] { return absl::IsNotFound(flyd::OpenProcess(*init).status()); }));
}

TEST_F(AdoptionTest, AStoppedRunnerIsEndedWithItsMachine) {
  ASSERT_TRUE(Start(BootAnswer("sleep 1000")));
  const absl::StatusOr<flyd::RunningBoot> running = runtime_->Start(Spec());
  kill(running->runner_pid, SIGSTOP);
  EXPECT_THAT(runtime_->Signal(kMachine, kBoot, SIGKILL), IsOk());
  const std::optional<flyd::BootExit> exit = AwaitExit();
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->exit_code, 137);
}

TEST_F(AdoptionTest, ARunnerOfAnotherBootOfTheHostIsGone) {
  ASSERT_TRUE(Start(BootAnswer("sleep 1000")));
  const absl::StatusOr<std::string> text = flyd::ReadWholeFile(absl::StrCat(BootDirectory(), "/", flyd::kRunnerFile));
  ASSERT_THAT(text.status(), IsOk());
  absl::StatusOr<flyd::RunnerRecord> record = flyd::DecodeRunner(*text);
  ASSERT_THAT(record.status(), IsOk());
  record->runner.host_boot_id = "another";
  ASSERT_THAT(flyd::WriteFileDurably(BootDirectory(), flyd::kRunnerFile, flyd::EncodeRunner(*record)), IsOk());
  const absl::StatusOr<flyd::BootObservation> seen = runtime_->Observe(kMachine, kBoot);
  ASSERT_THAT(seen.status(), IsOk());
  EXPECT_TRUE(std::holds_alternative<flyd::BootExit>(*seen));
  ASSERT_THAT(flyd::WriteFileDurably(BootDirectory(), flyd::kRunnerFile, *text), IsOk());
}

TEST_F(AdoptionTest, AnImageThatIsNotTheHostsIsRefusedAndLeavesNothing) {
  flyd::BootSpec spec = Spec();
  spec.image = "/images/web";
  EXPECT_THAT(runtime_->Start(spec).status(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("image")));
  struct stat info;
  EXPECT_NE(stat(BootDirectory().c_str(), &info), 0);
}

TEST_F(AdoptionTest, ARunningBootIsNotRemoved) {
  ASSERT_TRUE(Start(BootAnswer("sleep 1000")));
  EXPECT_THAT(runtime_->Remove(kMachine, kBoot), StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace tests
