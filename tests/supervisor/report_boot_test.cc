// What a machine's own supervisor may tell of a boot, and what is refused.
#include "flyd/control/report_boot.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "flyd/runtime/external_runtime.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/machines/v1/machines.pb.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/status_matchers.h"
#include "tests/supervisor/supervised_fixture.h"

namespace tests {
namespace {

namespace pb = fly::machines::v1;
using absl::StatusCode;
using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr int64_t kNowMs = 1'800'000'000'000;

// A machine whose boot has begun. `external_` knows no boot of it, so that a report that passes is answered NotFound.
class ReportBootTest : public SupervisedFixture {
 protected:
  ReportBootTest() : external_(scratch_.path(), [](absl::string_view, absl::string_view, const flyd::BootExit&) {}) {
    Launch(1);
    AwaitRunning(IdOf(1));
    EXPECT_THAT(supervisor_->TakeBootAnswer(IdOf(1)), IsOk());
  }

  pb::ReportBootRequest Request() const {
    pb::ReportBootRequest request;
    request.set_id(IdOf(1));
    request.set_boot_id(store_.Get(IdOf(1))->boot->boot_id);
    return request;
  }
  absl::StatusOr<storage::MachineRecord> Report(const pb::ReportBootRequest& request) {
    return flyd::ReportBoot(*supervisor_, &external_, store_, store_, request, kNow);
  }

  ScratchFolder scratch_;
  flyd::ExternalRuntime external_;
};

TEST_F(ReportBootTest, AWorkerThatRunsItsMachinesItselfIsToldNothing) {
  EXPECT_THAT(flyd::ReportBoot(*supervisor_, nullptr, store_, store_, Request(), kNow),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("want EXTERNAL")));
}

TEST_F(ReportBootTest, AReportIsAboutThePresentBootOfAKnownMachineAndSaysWhat) {
  pb::ReportBootRequest unknown = Request();
  unknown.set_id(IdOf(2));
  EXPECT_THAT(Report(unknown), StatusIs(StatusCode::kNotFound));
  pb::ReportBootRequest former = Request();
  former.set_boot_id(std::string(32, '0'));
  former.mutable_started();
  EXPECT_THAT(Report(former), StatusIs(StatusCode::kAborted, HasSubstr("want the reported " + std::string(32, '0'))));
  EXPECT_THAT(Report(Request()), StatusIs(StatusCode::kInvalidArgument, HasSubstr("neither started nor exited")));
}

TEST_F(ReportBootTest, AStartIsTakenAndToldAgainChangesNothing) {
  pb::ReportBootRequest started = Request();
  started.mutable_started();
  const auto taken = Report(started);
  ASSERT_THAT(taken, IsOk());
  EXPECT_EQ(AwaitState(IdOf(1), flyd::MachineState::kStarted).state, flyd::MachineState::kStarted);
  const uint64_t revision = store_.Get(IdOf(1))->revision;
  EXPECT_THAT(Report(started), IsOk());
  EXPECT_EQ(store_.Get(IdOf(1))->revision, revision);
}

TEST_F(ReportBootTest, AnEndWithoutACodeTakesTheWordOfTheMachinesOwnInit) {
  flyd::BootExit told;
  flyd::ExternalRuntime external(scratch_.path(), [&](absl::string_view, absl::string_view, const flyd::BootExit& exit) { told = exit; });
  ASSERT_THAT(external.Start({.machine_id = IdOf(1), .boot_id = Request().boot_id(), .image = "any"}), IsOk());
  ReportStarted(IdOf(1));
  const auto view = supervisor_->PresentBoot(IdOf(1));
  ASSERT_THAT(view, IsOk());
  ASSERT_THAT(supervisor_->ReportEndFromInit(**view, {.exit_code = 7, .signal = 0, .exited_at = kNow}), IsOk());
  pb::ReportBootRequest gone = Request();
  gone.mutable_exited();
  EXPECT_THAT(flyd::ReportBoot(*supervisor_, &external, store_, store_, gone, kNow), IsOk());
  EXPECT_EQ(told.exit_code, 7);
}

TEST_F(ReportBootTest, AnEndAfterAStopIsToldByTheMachinesOwnInitToo) {
  flyd::BootExit told;
  flyd::ExternalRuntime external(scratch_.path(), [&](absl::string_view, absl::string_view, const flyd::BootExit& exit) { told = exit; });
  ASSERT_THAT(external.Start({.machine_id = IdOf(1), .boot_id = Request().boot_id(), .image = "any"}), IsOk());
  ReportStarted(IdOf(1));
  runtime_.IgnoreSignals();
  ASSERT_THAT(supervisor_->Stop(IdOf(1), {}, {.timeout = absl::Minutes(5)}), IsOk());
  EXPECT_THAT(supervisor_->PresentBoot(IdOf(1)), StatusIs(StatusCode::kFailedPrecondition)) << "it may mint";
  const auto view = supervisor_->BootOf(IdOf(1), flyd::BootUse::kReport);
  ASSERT_THAT(view, IsOk());
  ASSERT_THAT(supervisor_->ReportEndFromInit(**view, {.exit_code = 9, .exited_at = kNow}), IsOk());
  pb::ReportBootRequest gone = Request();
  gone.mutable_exited();
  EXPECT_THAT(flyd::ReportBoot(*supervisor_, &external, store_, store_, gone, kNow), IsOk());
  EXPECT_EQ(told.exit_code, 9);
}

TEST_F(ReportBootTest, AMachineThatEndedBeforeItWasStartedWithoutAWordHasFailed) {
  flyd::BootExit told;
  flyd::ExternalRuntime external(scratch_.path(), [&](absl::string_view, absl::string_view, const flyd::BootExit& exit) { told = exit; });
  ASSERT_THAT(external.Start({.machine_id = IdOf(1), .boot_id = Request().boot_id(), .image = "any"}), IsOk());
  pb::ReportBootRequest gone = Request();
  gone.mutable_exited();
  EXPECT_THAT(flyd::ReportBoot(*supervisor_, &external, store_, store_, gone, kNow), IsOk());
  EXPECT_EQ(told.exit_code, 255);
  EXPECT_THAT(told.error, HasSubstr("ended before it was started"));
}

TEST_F(ReportBootTest, WhoRunsTheMachineKnowsBetterWhatEndedIt) {
  flyd::BootExit told;
  flyd::ExternalRuntime external(scratch_.path(), [&](absl::string_view, absl::string_view, const flyd::BootExit& exit) { told = exit; });
  ASSERT_THAT(external.Start({.machine_id = IdOf(1), .boot_id = Request().boot_id(), .image = "any"}), IsOk());
  ReportStarted(IdOf(1));
  ASSERT_THAT(supervisor_->ReportEndFromInit(**supervisor_->PresentBoot(IdOf(1)), {.exit_code = 7, .exited_at = kNow}), IsOk());
  pb::ReportBootRequest gone = Request();
  gone.mutable_exited()->set_exit_code(137);
  gone.mutable_exited()->set_signal(9);
  EXPECT_THAT(flyd::ReportBoot(*supervisor_, &external, store_, store_, gone, kNow), IsOk());
  EXPECT_EQ(told.exit_code, 137);
}

struct ExitCase {
  const char* name;
  pb::ExitReport exit;
  std::string refused;  // the field at fault; "": it passes
};

pb::ExitReport Exit(int code, int signal, int64_t at, size_t error_bytes) {
  pb::ExitReport exit;
  exit.set_exit_code(code);
  exit.set_signal(signal);
  exit.set_exited_unix_ms(at);
  exit.set_error(std::string(error_bytes, 'e'));
  return exit;
}

class ReportedExitTest : public ReportBootTest, public testing::WithParamInterface<ExitCase> {};

TEST_P(ReportedExitTest, HasBounds) {
  pb::ReportBootRequest request = Request();
  *request.mutable_exited() = GetParam().exit;
  const auto answered = Report(request);
  if (GetParam().refused.empty()) {
    EXPECT_THAT(answered, StatusIs(StatusCode::kNotFound, HasSubstr("never ordered")));
  } else {
    EXPECT_THAT(answered, StatusIs(StatusCode::kInvalidArgument, HasSubstr(absl::StrCat("exited.", GetParam().refused, ": "))));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Bounds, ReportedExitTest,
    testing::Values(ExitCase{"Least", Exit(0, 0, 0, 0), ""}, ExitCase{"Most", Exit(255, 64, kNowMs + 60'000, 256), ""},
                    ExitCase{"CodeBelow", Exit(-1, 0, 0, 0), "exit_code"},
                    ExitCase{"CodeAbove", Exit(256, 0, 0, 0), "exit_code"},
                    ExitCase{"SignalBelow", Exit(0, -1, 0, 0), "signal"},
                    ExitCase{"SignalAbove", Exit(0, 65, 0, 0), "signal"},
                    ExitCase{"ErrorTooLong", Exit(0, 0, 0, 257), "error"},
                    ExitCase{"BeforeTheEpoch", Exit(0, 0, -1, 0), "exited_unix_ms"},
                    ExitCase{"AfterTheNextMinute", Exit(0, 0, kNowMs + 60'001, 0), "exited_unix_ms"},
                    ExitCase{"TheEndOfTime", Exit(0, 0, INT64_MAX, 0), "exited_unix_ms"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tests
