#include "tests/supervisor/supervised_fixture.h"

#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "storage/sqlite_keyring.h"
#include "tests/fakes/test_placement.h"
#include "tests/status_matchers.h"
#include "tokensvc/clock.h"

namespace tests {

SupervisedFixture::SupervisedFixture() {
  absl::StatusOr<std::unique_ptr<storage::SqliteKeyring>> keyring =
      storage::SqliteKeyring::Open(folder_.path() + "/keyring");
  EXPECT_THAT(keyring, IsOk());
  EXPECT_THAT((*keyring)->Put(1, storage::SecretBytes(std::string(32, 'k'))), IsOk());
  keyring_ = *std::move(keyring);
  Restart();
}

void SupervisedFixture::Restart() {
  runtime_.SetSink(nullptr);
  supervisor_.reset();
  sockets_.CloseAll();
  executor_ = std::make_unique<flyd::Executor>(4, tokensvc::RealClock());
  supervisor_ = std::make_unique<flyd::Supervisor>(
      flyd::SupervisorParts{.store = store_,
                            .runtime = runtime_,
                            .control = runtime_,
                            .sockets = sockets_,
                            .keyring = *keyring_,
                            .clock = tokensvc::RealClock(),
                            .ids = ids_,
                            .scheduler = *executor_,
                            .log = [](absl::string_view, absl::string_view, absl::string_view) {},
                            .admission = [](flyd::OperationKind, size_t) { return absl::OkStatus(); },
                            .on_lost = [](const absl::Status& why) { ADD_FAILURE() << why; }},
      flyd::WorkerIdentity{.worker = "w1",
                           .key_epoch = 1,
                           .placement_keys = {{.key_id = key_.key_id(), .spki_der = key_.spki_der()}}});
  runtime_.SetSink([this](absl::string_view machine, absl::string_view boot, const flyd::BootExit& exit) {
    supervisor_->operations().OnExit(machine, boot, exit);
  });
  EXPECT_THAT(supervisor_->Recover(), IsOk());
}

std::string SupervisedFixture::IdOf(int machine) { return absl::StrFormat("%014x", machine); }

std::string SupervisedFixture::PlacementOf(int machine, int version, uint64_t generation) const {
  tokensvc::Placement placement = ExamplePlacement(key_, tokensvc::RealClock().Now());
  placement.generation = generation;
  placement.identity.machine_id = IdOf(machine);
  placement.identity.machine_name = absl::StrFormat("m%d", machine);
  placement.identity.machine_version = absl::StrFormat("01HTGGC1TZ2JHK83J4AC0%05d", version);
  return SignPlacement(placement, key_);
}

storage::MachineRecord SupervisedFixture::Launch(int machine) {
  const absl::StatusOr<storage::MachineRecord> created =
      supervisor_->Create({.placement = PlacementOf(machine, 1), .config = ""});
  EXPECT_THAT(created, IsOk());
  return *created;
}

void SupervisedFixture::AwaitRunning(const std::string& id) {
  while (runtime_.Running(id).empty()) std::this_thread::yield();
}

void SupervisedFixture::ReportStarted(const std::string& id) {
  const auto view = supervisor_->PresentBoot(id);
  ASSERT_THAT(view, IsOk());
  ASSERT_THAT(supervisor_->ReportFromInit(**view, "started", ""), IsOk());
}

storage::MachineRecord SupervisedFixture::LaunchStarted(int machine) {
  Launch(machine);
  while (!store_.Get(IdOf(machine))->boot->runner.has_value()) std::this_thread::yield();
  EXPECT_THAT(supervisor_->TakeBootAnswer(IdOf(machine)), IsOk());
  ReportStarted(IdOf(machine));
  return AwaitState(IdOf(machine), flyd::MachineState::kStarted);
}

storage::MachineRecord SupervisedFixture::AwaitState(const std::string& id, flyd::MachineState state) {
  struct Outcome {
    absl::Notification over;
    absl::StatusOr<storage::MachineRecord> record = absl::DeadlineExceededError("not in ten seconds");
  };
  const auto outcome = std::make_shared<Outcome>();
  const auto ticket = supervisor_->Await(id, {.state = state}, [outcome](absl::StatusOr<storage::MachineRecord> record) {
    outcome->record = std::move(record);
    outcome->over.Notify();
  });
  EXPECT_THAT(ticket, IsOk());
  EXPECT_TRUE(outcome->over.WaitForNotificationWithTimeout(absl::Seconds(10))) << id;
  if (!outcome->over.HasBeenNotified()) return {};
  EXPECT_THAT(outcome->record, IsOk());
  return outcome->record.value_or(storage::MachineRecord{});
}

}  // namespace tests
