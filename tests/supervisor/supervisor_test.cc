#include "flyd/supervisor/supervisor.h"

#include <algorithm>
#include <csignal>
#include <string>
#include <thread>

#include "flyd/supervisor/due_renewals.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/supervisor/supervised_fixture.h"
#include "tokensvc/clock.h"

namespace tests {
namespace {

using flyd::MachineState;
using testing::HasSubstr;

class SupervisorTest : public SupervisedFixture {
 protected:
  const std::string id_ = IdOf(1);
};

TEST_F(SupervisorTest, AMachineGoesFromCreatedThroughStartedToStopped) {
  EXPECT_EQ(Launch(1).state, MachineState::kStarting);
  AwaitRunning(id_);
  EXPECT_TRUE(sockets_.IsOpen(id_));
  ReportStarted(id_);
  const std::string boot = AwaitState(id_, MachineState::kStarted).boot->boot_id;
  AwaitRunning(id_);
  runtime_.End(id_, boot, {.exit_code = 7});
  const storage::MachineRecord stopped = AwaitState(id_, MachineState::kStopped);
  EXPECT_EQ(stopped.boot->exit->exit_code, 7);
  EXPECT_FALSE(stopped.boot->exit->requested_stop);
  EXPECT_THAT(supervisor_->PresentBoot(id_), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(store_.Operations()->empty());
}

TEST_F(SupervisorTest, ASecondCreateIsRefusedAndARepeatedOneIsAnsweredAgain) {
  const flyd::CreateMachine request{.request = {"r1", "hash"}, .placement = PlacementOf(1, 1), .config = ""};
  ASSERT_THAT(supervisor_->Create(request), IsOk());
  EXPECT_THAT(supervisor_->Create(request), IsOk());
  EXPECT_THAT(supervisor_->Create({.placement = PlacementOf(1, 1)}), StatusIs(absl::StatusCode::kAlreadyExists));
  flyd::CreateMachine other = request;
  other.request.sha256 = "another";
  EXPECT_THAT(supervisor_->Create(other), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("request_id r1")));
  AwaitState(id_, MachineState::kStarting);
}

TEST_F(SupervisorTest, PlacementsOfAnotherWorkerOrKeyAreRefused) {
  const Es256TestKey other;
  EXPECT_FALSE(supervisor_->Create({.placement = "rubbish"}).ok());
  std::string altered = PlacementOf(1, 1);
  altered[40] ^= 1;
  EXPECT_FALSE(supervisor_->Create({.placement = altered}).ok());
  EXPECT_THAT(store_.Get(id_), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SupervisorTest, BootIsAnsweredOnceAndTheSecondTryLeavesAnEvent) {
  Launch(1);
  const absl::StatusOr<std::string> answer = supervisor_->TakeBootAnswer(id_);
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(*answer, HasSubstr("\"macaroon\":\"FlyV1 fm2_"));
  EXPECT_THAT(supervisor_->TakeBootAnswer(id_), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(store_.Events(id_, 0, 100)->back().type, "boot_refused");
}

TEST_F(SupervisorTest, ASecondBootRequestIsAlarmedWhileTheWorkloadRunsAndRecordedOnce) {
  LaunchStarted(1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(supervisor_->TakeBootAnswer(id_), StatusIs(absl::StatusCode::kAlreadyExists));
  }
  const auto events = store_.Events(id_, 0, 100);
  EXPECT_EQ(std::count_if(events->begin(), events->end(), [](const auto& e) { return e.type == "boot_refused"; }), 1);
}

TEST_F(SupervisorTest, BootIsAnsweredOnceAlsoAcrossARestart) {
  Launch(1);
  ASSERT_THAT(supervisor_->TakeBootAnswer(id_), IsOk());
  Restart();
  EXPECT_THAT(supervisor_->TakeBootAnswer(id_), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(SupervisorTest, StopFencesBeforeItAnswers) {
  LaunchStarted(1);
  const auto view = supervisor_->PresentBoot(id_);
  ASSERT_THAT(view, IsOk());
  runtime_.IgnoreSignals();
  ASSERT_THAT(supervisor_->Stop(id_, {}, {.timeout = absl::Milliseconds(50)}), IsOk());
  bool written = false;
  EXPECT_THAT(supervisor_->Release(**view, [&] { written = true; }), StatusIs(absl::StatusCode::kAborted));
  EXPECT_FALSE(written);
  EXPECT_THAT(supervisor_->PresentBoot(id_), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(AwaitState(id_, MachineState::kStopped).boot->exit->signal, SIGKILL);
}

TEST_F(SupervisorTest, ATokenThatWasAskedForWhileTheMachineStartedIsStillWrittenOnceItHas) {
  Launch(1);
  AwaitRunning(id_);
  const auto view = supervisor_->PresentBoot(id_);
  ASSERT_THAT(view, IsOk());
  ReportStarted(id_);
  bool written = false;
  EXPECT_THAT(supervisor_->Release(**view, [&] { written = true; }), IsOk());
  EXPECT_TRUE(written);
  EXPECT_FALSE((*supervisor_->PresentBoot(id_))->booting);
}

TEST_F(SupervisorTest, ATokenThatWasAskedForBeforeAnUpdateIsNotWrittenAfterIt) {
  runtime_.IgnoreSignals();
  LaunchStarted(1);
  const auto view = supervisor_->PresentBoot(id_);
  ASSERT_THAT(supervisor_->Update(id_, {}, {.placement = PlacementOf(1, 2)}), IsOk());
  EXPECT_THAT(supervisor_->Release(**view, [] {}), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(SupervisorTest, DuringAnUpdateTheOldBootIsStillTheOldVersion) {
  runtime_.IgnoreSignals();
  LaunchStarted(1);
  ASSERT_THAT(supervisor_->Update(id_, {}, {.placement = PlacementOf(1, 2)}), IsOk());
  const auto view = supervisor_->PresentBoot(id_);
  ASSERT_THAT(view, IsOk());
  EXPECT_EQ((*view)->version, "01HTGGC1TZ2JHK83J4AC000001");
  EXPECT_EQ(store_.Get(id_)->desired.version, "01HTGGC1TZ2JHK83J4AC000002");
  AwaitRunning(id_);
  runtime_.End(id_, (*view)->boot_id, {.exit_code = 0});
  AwaitState(id_, MachineState::kStarting);
  while (!supervisor_->PresentBoot(id_).ok()) std::this_thread::yield();  // published right after it is committed
  EXPECT_EQ((*supervisor_->PresentBoot(id_))->version, "01HTGGC1TZ2JHK83J4AC000002");
}

TEST_F(SupervisorTest, AnotherRevisionIsAborted) {
  const storage::MachineRecord started = LaunchStarted(1);
  EXPECT_THAT(supervisor_->Stop(id_, {.expected_revision = started.revision + 1}, {}),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("revision")));
  EXPECT_THAT(supervisor_->PresentBoot(id_), IsOk());
  EXPECT_THAT(supervisor_->Update(id_, {}, {.placement = PlacementOf(1, 2), .current_version = "x"}),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("version")));
}

TEST_F(SupervisorTest, ARunningMachineIsDestroyedOnlyByForce) {
  LaunchStarted(1);
  EXPECT_THAT(supervisor_->Destroy(id_, {}, false), StatusIs(absl::StatusCode::kFailedPrecondition));
  ASSERT_THAT(supervisor_->Destroy(id_, {}, true), IsOk());
  AwaitState(id_, MachineState::kDestroyed);
  EXPECT_FALSE(sockets_.IsOpen(id_));
  EXPECT_THAT(supervisor_->Start(id_, {}), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(SupervisorTest, ARuntimeThatRefusesLeavesTheMachineFailedWithTheReason) {
  runtime_.RefuseStarts(absl::UnavailableError("namespaces: none, want some"));
  Launch(1);
  EXPECT_EQ(AwaitState(id_, MachineState::kFailed).boot->exit->error, "namespaces: none, want some");
  runtime_.RefuseStarts(absl::OkStatus());
  EXPECT_THAT(supervisor_->Start(id_, {}), IsOk());
}

TEST_F(SupervisorTest, AnExitDuringAnAbsenceIsReportedAfterTheRestart) {
  const std::string boot = LaunchStarted(1).boot->boot_id;
  runtime_.SetSink(nullptr);
  AwaitRunning(id_);
  runtime_.End(id_, boot, {.exit_code = 42});
  Restart();
  EXPECT_EQ(AwaitState(id_, MachineState::kStopped).boot->exit->exit_code, 42);
}

TEST_F(SupervisorTest, ARunningMachineIsAdoptedAndNotStartedAgain) {
  LaunchStarted(1);
  Restart();
  EXPECT_EQ(runtime_.starts(), 1);
  EXPECT_TRUE(sockets_.IsOpen(id_));
  EXPECT_EQ((*supervisor_->PresentBoot(id_))->machine_id, id_);
}

TEST_F(SupervisorTest, ABootThatCouldNotHearItsAnswerIsReplacedAfterARestart) {
  const std::string first = Launch(1).boot->boot_id;
  ASSERT_THAT(supervisor_->TakeBootAnswer(id_), IsOk());
  Restart();
  AwaitRunning(id_);
  runtime_.End(id_, first, {.exit_code = 125, .error = "boot: flyd: connection lost before the answer"});
  while (store_.Get(id_)->boot->boot_id == first) std::this_thread::yield();
  EXPECT_EQ(store_.Get(id_)->state, MachineState::kStarting);
  EXPECT_THAT(supervisor_->TakeBootAnswer(id_), IsOk());
}

TEST_F(SupervisorTest, PlacementsAreDueForRenewalFromHalfTheirLifeOnAndNotAllAtOnce) {
  for (int machine = 1; machine <= 40; ++machine) {
    ASSERT_THAT(supervisor_->Create({.placement = PlacementOf(machine * 97, 1), .start = false}), IsOk());
  }
  const absl::Time begins = tokensvc::RealClock().Now() - absl::Hours(1);  // they live for a day
  EXPECT_THAT(flyd::DueRenewals(store_, begins + absl::Hours(12) - absl::Minutes(1)), IsOkAndHolds(testing::IsEmpty()));
  const auto some = flyd::DueRenewals(store_, begins + absl::Hours(13));
  ASSERT_THAT(some, IsOk());
  EXPECT_GT(some->size(), 8u);
  EXPECT_LT(some->size(), 32u);
  ASSERT_THAT(supervisor_->Destroy(IdOf(97), {}, /*force=*/true), IsOk());
  AwaitState(IdOf(97), MachineState::kDestroyed);
  EXPECT_THAT(flyd::DueRenewals(store_, begins + absl::Hours(14)), IsOkAndHolds(testing::SizeIs(39)));
}

TEST_F(SupervisorTest, APlacementThatCannotBeReadIsDueAndKeepsNoOtherMachineFromItsRenewal) {
  ASSERT_THAT(supervisor_->Create({.placement = PlacementOf(1, 1), .start = false}), IsOk());
  storage::MachineChange lost{.record = {.id = "0000000000000a"}, .expected_revision = 0};
  lost.record.desired.placement_sha256 = "never stored";
  storage::MachineChange rubbish{.record = {.id = "0000000000000b"}, .expected_revision = 0};
  rubbish.record.desired.placement_sha256 = "sha";
  rubbish.placements = {{"sha", "rubbish"}};
  ASSERT_THAT(store_.Commit(lost), IsOk());
  ASSERT_THAT(store_.Commit(rubbish), IsOk());
  const absl::Time now = tokensvc::RealClock().Now();
  EXPECT_THAT(flyd::DueRenewals(store_, now), IsOkAndHolds(testing::ElementsAre("0000000000000a", "0000000000000b")));
  EXPECT_THAT(flyd::DueRenewals(store_, now + absl::Hours(23)), IsOkAndHolds(testing::SizeIs(3)));
}

TEST_F(SupervisorTest, AMachineThatWasMovedAwayComesBackWithAGreaterGenerationAlone) {
  LaunchStarted(1);
  EXPECT_THAT(supervisor_->Create({.placement = PlacementOf(1, 2, /*generation=*/2)}),
              StatusIs(absl::StatusCode::kAlreadyExists));
  ASSERT_THAT(supervisor_->Destroy(id_, {}, /*force=*/true), IsOk());
  const uint64_t events = AwaitState(id_, MachineState::kDestroyed).event_sequence;
  EXPECT_THAT(supervisor_->Create({.placement = PlacementOf(1, 2)}), StatusIs(absl::StatusCode::kAlreadyExists));
  const auto back = supervisor_->Create({.placement = PlacementOf(1, 2, /*generation=*/2)});
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->generation, 2u);
  EXPECT_GT(back->event_sequence, events) << "its events begin again";
  AwaitRunning(id_);
}

TEST_F(SupervisorTest, AStopThatACrashInterruptedIsFinished) {
  runtime_.IgnoreSignals();
  LaunchStarted(1);
  ASSERT_THAT(supervisor_->Stop(id_, {}, {.timeout = absl::Hours(1)}), IsOk());
  Restart();
  EXPECT_THAT(supervisor_->PresentBoot(id_), StatusIs(absl::StatusCode::kFailedPrecondition));
  AwaitRunning(id_);
  runtime_.End(id_, store_.Get(id_)->boot->boot_id, {.exit_code = 0});
  AwaitState(id_, MachineState::kStopped);
}

}  // namespace
}  // namespace tests
