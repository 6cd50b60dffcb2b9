// What every runtime does: the one that runs processes, the one whose machines somebody else runs, and the simulated one,
// which stands in for them in the supervisor's tests.
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flyd/runtime/external_runtime.h"
#include "flyd/runtime/process_runtime.h"
#include "flyd/runtime/runtime.h"
#include "flyd/runtime/simulated_runtime.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/fakes/eventually.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/init/fake_flyd.h"
#include "tests/status_matchers.h"
#include "tokensvc/clock.h"

namespace tests {
namespace {

using absl::StatusCode;
using flyd::BootExit;
using flyd::BootObservation;
using flyd::RunningBoot;
using testing::ElementsAre;

constexpr char kMachine[] = "148e21f0c12345";
constexpr char kFirst[] = "0123456789abcdef0123456789abcdef";
constexpr char kSecond[] = "1123456789abcdef0123456789abcdef";
// Ends with the code that is written to it.
constexpr char kProgram[] = "mkfifo /tmp/c; read code < /tmp/c; exit $code";

class RuntimeContractTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_.path() + "/m/" + kMachine + "/guest");
    Restart();
  }
  void TearDown() override {
    for (const char* boot : {kFirst, kSecond}) {
      EndFromOutside(boot);
      Eventually([&] { return runtime_->Remove(kMachine, boot).ok(); });
    }
    processes_.reset();
  }

  bool Is(absl::string_view kind) const { return GetParam() == kind; }

  // As a flyd that is killed and started again: what it was told before is forgotten.
  void Restart() {
    const flyd::ExitSink sink = [this](absl::string_view, absl::string_view boot, const BootExit& exit) {
      absl::MutexLock lock(&mu_);
      told_.push_back(absl::StrCat(boot.substr(0, 1), ":", exit.exit_code));
    };
    {
      absl::MutexLock lock(&mu_);
      told_.clear();
    }
    if (Is("process")) {
      processes_.reset();
      auto made = flyd::ProcessRuntime::Create({.run_dir = folder_.path(), .init_path = std::filesystem::absolute("flyd/init/init")},
                                               tokensvc::RealClock(), sink);
      ASSERT_THAT(made, IsOk());
      processes_ = *std::move(made);
      runtime_ = processes_.get();
    } else if (Is("external")) {
      external_ = std::make_unique<flyd::ExternalRuntime>(folder_.path(), sink);
      runtime_ = external_.get();
    } else {
      simulated_.SetSink(sink);
      runtime_ = &simulated_;
    }
  }

  flyd::BootSpec Spec(const std::string& boot) { return {.machine_id = kMachine, .boot_id = boot, .hostname = "m", .image = "host"}; }

  void Start(const std::string& boot) {
    flyd_.reset();
    flyd_ = std::make_unique<FakeFlyd>(folder_.path() + "/m/" + kMachine + "/guest", [](const SeenRequest& request) -> FakeAnswer {
      if (request.target != "/boot") return {204, ""};
      const nlohmann::json answer = {{"macaroon", "FlyV1 fm2_x"},
                                     {"machine", {{"id", kMachine}, {"app", "web"}}},
                                     {"run", {{"command", {"/bin/sh", "-c", kProgram}}}}};
      return {200, answer.dump()};
    });
    ASSERT_THAT(runtime_->Start(Spec(boot)), IsOk());
    ASSERT_TRUE(!Is("process") || flyd_->Await("/boot/events", 1)) << "the workload does not run";
  }

  // The workload ends by itself.
  void EndWith(const std::string& boot, int code) {
    if (Is("process")) {
      (void)processes_->Exec(kMachine, boot, {.command = {"sh", "-c", absl::StrCat("echo ", code, " > /tmp/c")}});
    } else if (Is("external")) {
      EXPECT_THAT(external_->ReportExit(kMachine, boot, {.exit_code = code, .exited_at = tokensvc::RealClock().Now()}), IsOk());
    } else {
      simulated_.End(kMachine, boot, {.exit_code = code});
    }
  }
  void EndFromOutside(const std::string& boot) {
    if (runtime_->Observe(kMachine, boot)->index() != 1) return;
    (void)runtime_->Signal(kMachine, boot, SIGKILL);
    if (Is("external")) (void)external_->ReportExit(kMachine, boot, {.exit_code = 137, .signal = SIGKILL});
  }

  bool Runs(const std::string& boot) { return std::holds_alternative<RunningBoot>(*runtime_->Observe(kMachine, boot)); }
  BootExit AwaitExit(const std::string& boot) {
    EXPECT_TRUE(Eventually([&] { return std::holds_alternative<BootExit>(*runtime_->Observe(kMachine, boot)); }));
    const BootObservation seen = *runtime_->Observe(kMachine, boot);
    return std::holds_alternative<BootExit>(seen) ? std::get<BootExit>(seen) : BootExit{.exit_code = -1};
  }
  std::vector<std::string> Told() {
    absl::MutexLock lock(&mu_);
    return told_;
  }

  ScratchFolder folder_;
  std::unique_ptr<FakeFlyd> flyd_;
  std::unique_ptr<flyd::ProcessRuntime> processes_;
  std::unique_ptr<flyd::ExternalRuntime> external_;
  flyd::SimulatedRuntime simulated_{tokensvc::RealClock()};
  flyd::Runtime* runtime_ = nullptr;
  absl::Mutex mu_;
  std::vector<std::string> told_ ABSL_GUARDED_BY(mu_);
};

TEST_P(RuntimeContractTest, ABootThatWasNeverStartedIsNothingAndIsRemoved) {
  EXPECT_TRUE(std::holds_alternative<std::monostate>(*runtime_->Observe(kMachine, kFirst)));
  EXPECT_THAT(runtime_->Remove(kMachine, kFirst), IsOk());
  EXPECT_THAT(runtime_->Boots(kMachine), IsOkAndHolds(testing::IsEmpty()));
}

TEST_P(RuntimeContractTest, StartedTwiceItIsOneBoot) {
  Start(kFirst);
  const absl::StatusOr<RunningBoot> again = runtime_->Start(Spec(kFirst));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->runner_pid, std::get<RunningBoot>(*runtime_->Observe(kMachine, kFirst)).runner_pid);
  EXPECT_EQ(runtime_->Boots("")->size(), 1u);
  EXPECT_THAT(Told(), testing::IsEmpty());
}

TEST_P(RuntimeContractTest, AnEndIsToldOnceWithItsCodeAndStays) {
  Start(kFirst);
  EndWith(kFirst, 5);
  EXPECT_EQ(AwaitExit(kFirst).exit_code, 5);
  EXPECT_TRUE(Eventually([&] { return Told() == std::vector<std::string>{"0:5"}; }));
  EXPECT_THAT(runtime_->Start(Spec(kFirst)), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_EQ(AwaitExit(kFirst).exit_code, 5);
}

TEST_P(RuntimeContractTest, ASignalToWhatHasEndedIsNoError) {
  Start(kFirst);
  EndWith(kFirst, 0);
  AwaitExit(kFirst);
  EXPECT_THAT(runtime_->Signal(kMachine, kFirst, SIGTERM), IsOk());
  EXPECT_THAT(runtime_->Signal(kMachine, kFirst, SIGKILL), IsOk());
  EXPECT_EQ(AwaitExit(kFirst).exit_code, 0);
}

TEST_P(RuntimeContractTest, AKilledBootEndsWithItsSignal) {
  Start(kFirst);
  EndFromOutside(kFirst);
  const BootExit exit = AwaitExit(kFirst);
  EXPECT_EQ(exit.exit_code, 128 + SIGKILL);
  EXPECT_EQ(exit.signal, SIGKILL);
}

TEST_P(RuntimeContractTest, WhatRunsIsNotRemovedAndWhatHasEndedIs) {
  Start(kFirst);
  EXPECT_THAT(runtime_->Remove(kMachine, kFirst), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_TRUE(Runs(kFirst));
  EndWith(kFirst, 0);
  AwaitExit(kFirst);
  EXPECT_TRUE(Eventually([&] { return runtime_->Remove(kMachine, kFirst).ok(); }));
  EXPECT_THAT(runtime_->Remove(kMachine, kFirst), IsOk());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(*runtime_->Observe(kMachine, kFirst)));
}

TEST_P(RuntimeContractTest, TheOlderBootStandsBeforeTheNewer) {
  Start(kSecond);
  EndWith(kSecond, 0);
  AwaitExit(kSecond);
  Start(kFirst);
  std::vector<std::string> boots;
  const std::vector<flyd::BootName> names = *runtime_->Boots(kMachine);
  for (const flyd::BootName& boot : names) boots.push_back(boot.boot_id);
  EXPECT_THAT(boots, ElementsAre(kSecond, kFirst));
  EXPECT_THAT(runtime_->Boots("ffffffffffffff"), IsOkAndHolds(testing::IsEmpty()));
}

TEST_P(RuntimeContractTest, ARestartedFlydFindsWhatRunsAndIsToldOfItsEnd) {
  Start(kFirst);
  Restart();
  EXPECT_TRUE(Runs(kFirst));
  EndWith(kFirst, 6);
  EXPECT_EQ(AwaitExit(kFirst).exit_code, 6);
  EXPECT_TRUE(Eventually([&] { return Told() == std::vector<std::string>{"0:6"}; }));
}

TEST_P(RuntimeContractTest, ARestartedFlydFindsTheEndThatItMissed) {
  Start(kFirst);
  EndWith(kFirst, 7);
  AwaitExit(kFirst);
  Restart();
  EXPECT_EQ(AwaitExit(kFirst).exit_code, 7);
}

INSTANTIATE_TEST_SUITE_P(Runtimes, RuntimeContractTest, testing::Values("process", "external", "simulated"),
                         [](const testing::TestParamInfo<const char*>& kind) { return std::string(kind.param); });

}  // namespace
}  // namespace tests
