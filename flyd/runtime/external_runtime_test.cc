#include "flyd/runtime/external_runtime.h"

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using absl::StatusCode;
using tests::IsOk;
using tests::StatusIs;

constexpr char kMachine[] = "148e21f0c12345";
constexpr char kBoot[] = "0123456789abcdef0123456789abcdef";

class ExternalRuntimeTest : public testing::Test {
 protected:
  // As a flyd that is started again.
  void Restart() {
    runtime_ = std::make_unique<ExternalRuntime>(
        folder_.path(), [this](absl::string_view, absl::string_view, const BootExit& exit) { told_.push_back(exit.exit_code); });
  }
  absl::Status Start() { return runtime_->Start({.machine_id = kMachine, .boot_id = kBoot, .image = "any"}).status(); }
  BootObservation Seen() { return runtime_->Observe(kMachine, kBoot).value(); }
  static BootExit Exit(int code) { return {.exit_code = code, .exited_at = absl::FromUnixSeconds(1'800'000'000)}; }

  ExternalRuntimeTest() { Restart(); }

  tests::ScratchFolder folder_;
  std::vector<int> told_;
  std::unique_ptr<ExternalRuntime> runtime_;
};

TEST_F(ExternalRuntimeTest, ABootRunsFromItsOrderToTheWordThatItEnded) {
  EXPECT_TRUE(std::holds_alternative<std::monostate>(Seen()));
  EXPECT_THAT(Start(), IsOk());
  EXPECT_THAT(Start(), IsOk());
  EXPECT_TRUE(std::holds_alternative<RunningBoot>(Seen()));
  EXPECT_THAT(runtime_->Signal(kMachine, kBoot, 9), IsOk());
  EXPECT_TRUE(std::holds_alternative<RunningBoot>(Seen())) << "only its supervisor ends it";
  EXPECT_THAT(runtime_->ReportExit(kMachine, kBoot, Exit(7)), IsOk());
  EXPECT_EQ(std::get<BootExit>(Seen()).exit_code, 7);
  EXPECT_THAT(told_, testing::ElementsAre(7));
  EXPECT_THAT(Start(), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(ExternalRuntimeTest, WhatWasOrderedAndReportedOutlivesFlyd) {
  ASSERT_THAT(Start(), IsOk());
  Restart();
  EXPECT_TRUE(std::holds_alternative<RunningBoot>(Seen()));
  EXPECT_EQ(runtime_->Boots("")->size(), 1u);
  ASSERT_THAT(runtime_->ReportExit(kMachine, kBoot, Exit(7)), IsOk());
  Restart();
  EXPECT_EQ(std::get<BootExit>(Seen()).exit_code, 7);
}

TEST_F(ExternalRuntimeTest, AnEndThatIsToldTwiceIsTheFirst) {
  ASSERT_THAT(Start(), IsOk());
  EXPECT_THAT(runtime_->ReportExit(kMachine, kBoot, Exit(7)), IsOk());
  EXPECT_THAT(runtime_->ReportExit(kMachine, kBoot, Exit(8)), IsOk());
  EXPECT_EQ(std::get<BootExit>(Seen()).exit_code, 7);
  EXPECT_THAT(told_, testing::ElementsAre(7, 7));
}

TEST_F(ExternalRuntimeTest, NobodyReportsWhatWasNeverOrdered) {
  EXPECT_THAT(runtime_->ReportExit(kMachine, kBoot, Exit(7)), StatusIs(StatusCode::kNotFound, testing::HasSubstr("never ordered")));
  EXPECT_TRUE(told_.empty());
}

TEST_F(ExternalRuntimeTest, ABootIsRemovedOnceItHasEnded) {
  ASSERT_THAT(Start(), IsOk());
  EXPECT_THAT(runtime_->Remove(kMachine, kBoot), StatusIs(StatusCode::kFailedPrecondition));
  ASSERT_THAT(runtime_->ReportExit(kMachine, kBoot, Exit(0)), IsOk());
  EXPECT_THAT(runtime_->Remove(kMachine, kBoot), IsOk());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(Seen()));
}

TEST_F(ExternalRuntimeTest, WhatOnlyASupervisorCanDoIsRefused) {
  ASSERT_THAT(Start(), IsOk());
  EXPECT_THAT(runtime_->Suspend(kMachine, kBoot), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(runtime_->Resume(kMachine, kBoot), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(runtime_->Exec(kMachine, kBoot, {}).status(), StatusIs(StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace flyd
