#include "tests/supervisor/sim_worker.h"

#include <cstdlib>
#include <utility>
#include <vector>

namespace tests {

SimWorker::SimWorker(std::string name, FakeClock& clock, tokensvc::UniqueIdSource& ids, const Es256TestKey& authority)
    : name_(std::move(name)), clock_(clock), ids_(ids), authority_(authority) {
  keyring_.Put(1, storage::SecretBytes(std::string(32, 'k'))).IgnoreError();
  Restart();
}

void SimWorker::Restart() {
  runtime_.SetSink(nullptr);
  supervisor_.reset();
  sockets_.CloseAll();
  scheduler_ = std::make_unique<StepScheduler>(clock_);
  supervisor_ = std::make_unique<flyd::Supervisor>(
      flyd::SupervisorParts{.store = store_,
                            .runtime = runtime_,
                            .control = runtime_,
                            .sockets = sockets_,
                            .keyring = keyring_,
                            .clock = clock_,
                            .ids = ids_,
                            .scheduler = *scheduler_,
                            .log = [](absl::string_view, absl::string_view, absl::string_view) {},
                            .admission = [](flyd::OperationKind, size_t) { return absl::OkStatus(); },
                            .on_lost = [](const absl::Status&) { std::abort(); }},
      flyd::WorkerIdentity{.worker = name_,
                           .key_epoch = 1,
                           .placement_keys = {{.key_id = authority_.key_id(), .spki_der = authority_.spki_der()}}});
  runtime_.SetSink([this](absl::string_view machine, absl::string_view boot, const flyd::BootExit& exit) {
    supervisor_->operations().OnExit(machine, boot, exit);
  });
  if (!supervisor_->Recover().ok()) std::abort();
}

void SimWorker::Report(const std::string& id) {
  const auto view = supervisor_->PresentBoot(id);
  if (!view.ok() || !(*view)->booting) return;
  const std::vector<std::string> running = runtime_.Running(id);
  if (running.size() != 1 || running[0] != (*view)->boot_id) return;
  supervisor_->TakeBootAnswer(id).IgnoreError();  // PID 1 may have had it from the process before
  supervisor_->ReportFromInit(**view, "started", "").IgnoreError();
}

}  // namespace tests
