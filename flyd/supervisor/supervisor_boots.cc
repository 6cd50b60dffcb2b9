// The boots' side: what a commit leads to, what the runtime and PID 1 report, and how a new process finds it all again.
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flyd/supervisor/boot_answer_codec.h"
#include "flyd/supervisor/supervisor.h"
#include "tokensvc/macaroon/boot/boot_token.h"
#include "tokensvc/macaroon/boot/worker_root_key.h"
#include "tokensvc/placement/placement.h"

namespace flyd {
namespace {

constexpr size_t kPage = 1000;

storage::RunnerIdentity RunnerOf(const RunningBoot& running) {
  return {.pid = running.runner_pid,
          .start_ticks = running.runner_start_ticks,
          .host_boot_id = running.host_boot_id,
          .init_pid = running.init_pid};
}

BootExit NeverStarted(const absl::Status& why, absl::Time now) {
  return {.exit_code = 255, .exited_at = now, .error = std::string(why.message())};
}

}  // namespace

// Puts a new boot of the desired version into the record. The caller commits it.
absl::Status Supervisor::BeginBoot(Record& record) {
  absl::StatusOr<std::string> kid =
      tokensvc::macaroon::EncodeWorkerKid({.worker = identity_.worker, .key_epoch = identity_.key_epoch});
  if (!kid.ok()) return kid.status();
  record.boot = storage::BootRecord{.boot_id = tokensvc::NewHexId(parts_.ids),
                                    .version = record.desired,
                                    .generation = record.generation,
                                    .macaroon_kid = *std::move(kid),
                                    .macaroon_rnd = parts_.ids.NewBytes(),
                                    .started_at = parts_.clock.Now()};
  record.state = MachineState::kStarting;
  return absl::OkStatus();
}

absl::Status Supervisor::PublishBoot(const Record& record, bool booting) {
  const storage::BootRecord& boot = *record.boot;
  absl::StatusOr<std::string> placement = parts_.store.GetPlacement(boot.version.placement_sha256);
  if (!placement.ok()) return placement.status();
  const absl::StatusOr<tokensvc::UnverifiedPlacement> decoded = tokensvc::DecodePlacement(*placement);
  if (!decoded.ok()) return decoded.status();
  registry_.Publish({.machine_id = record.id,
                     .machine_name = record.name,
                     .organization_id = record.organization_id,
                     .organization_slug = record.organization_slug,
                     .app_id = record.app_id,
                     .app_name = record.app_name,
                     .region = record.region,
                     .boot_id = boot.boot_id,
                     .version = boot.version.version,
                     .image = boot.version.image,
                     .image_digest = boot.version.image_digest,
                     .generation = boot.generation,
                     .placement = *std::move(placement),
                     .placement_sha256 = boot.version.placement_sha256,
                     .macaroon_kid = boot.macaroon_kid,
                     .macaroon_rnd = boot.macaroon_rnd,
                     .subject_scope = decoded->placement.identity.subject_scope,
                     .booting = booting,
                     .aws_principal_tags = WantsPrincipalTags(boot.version.config),
                     .metadata = MetadataOf(boot.version.config)});
  return absl::OkStatus();
}

// The effect of a committed start. Idempotent by boot id.
void Supervisor::LaunchBoot(const Record& record) {
  absl::Status ready = PublishBoot(record, /*booting=*/true);
  if (ready.ok()) ready = parts_.sockets.Open(record.id);
  executor_.Run([this, record, ready] {
    const BootSpec spec = {.machine_id = record.id,
                           .boot_id = record.boot->boot_id,
                           .hostname = record.name,
                           .image = record.boot->version.image,
                           .image_digest = record.boot->version.image_digest};
    absl::StatusOr<RunningBoot> running = ready.ok() ? parts_.runtime.Start(spec) : absl::StatusOr<RunningBoot>(ready);
    if (!running.ok()) {
      // A boot that has begun and ended before this call is no refusal: its own exit is the one to record.
      const absl::StatusOr<BootObservation> seen = parts_.runtime.Observe(record.id, record.boot->boot_id);
      if (const BootExit* exit = seen.ok() ? std::get_if<BootExit>(&*seen) : nullptr) {
        return HandleExit(record.id, record.boot->boot_id, *exit, MachineEvent::kExited);
      }
      Note("boot.refused_by_runtime", record.id, running.status().message());
      return HandleExit(record.id, record.boot->boot_id, NeverStarted(running.status(), parts_.clock.Now()),
                        MachineEvent::kRefused);
    }
    absl::MutexLock lock(&LockOf(record.id));
    absl::StatusOr<Record> now = parts_.store.Get(record.id);
    if (!now.ok() || !now->boot.has_value() || now->boot->boot_id != record.boot->boot_id || now->boot->exit) return;
    now->boot->runner = RunnerOf(*running);
    storage::MachineChange change{.record = *now, .expected_revision = now->revision};
    if (Result kept = CommitChange(std::move(change)); !kept.ok()) {
      Note("boot.runner_not_recorded", record.id, kept.status().message());
    }
  });
}

// Asks the boot to end, and kills it where it has not after `timeout`.
void Supervisor::EndBoot(const Record& record, int signal, absl::Duration timeout) {
  const std::string id = record.id;
  const std::string boot_id = record.boot->boot_id;
  executor_.Run([this, id, boot_id, signal] {
    if (absl::Status sent = parts_.runtime.Signal(id, boot_id, signal); !sent.ok()) {
      Note("boot.signal_not_sent", id, sent.message());
    }
  });
  if (signal == SIGKILL) return;
  executor_.RunAfter(timeout, [this, id, boot_id] {
    const absl::StatusOr<Record> now = parts_.store.Get(id);
    if (!now.ok() || !now->boot.has_value() || now->boot->boot_id != boot_id || now->boot->exit.has_value()) return;
    Note("boot.killed", id, "not ended in time");
    if (absl::Status killed = parts_.runtime.Signal(id, boot_id, SIGKILL); !killed.ok()) {
      Note("boot.signal_not_sent", id, killed.message());
    }
  });
}

void Supervisor::OnExit(absl::string_view machine_id, absl::string_view boot_id, const BootExit& exit) {
  executor_.Run([this, id = std::string(machine_id), boot = std::string(boot_id), exit] {
    HandleExit(id, boot, exit, MachineEvent::kExited);
  });
}

void Supervisor::HandleExit(const std::string& id, const std::string& boot_id, const BootExit& exit,
                            MachineEvent event) {
  absl::MutexLock lock(&LockOf(id));
  absl::StatusOr<Record> record = parts_.store.Get(id);
  // Told twice, or of a boot that is not the machine's any more.
  if (!record.ok() || !record->boot.has_value() || record->boot->boot_id != boot_id || record->boot->exit) return;
  // A boot that the runtime refuses while it is being ended anyway has simply ended.
  std::optional<MachineState> next = Next(record->state, event);
  if (!next.has_value()) next = Next(record->state, MachineEvent::kExited);
  if (!next.has_value()) return Note("boot.end_unexpected", id, StateName(record->state));
  registry_.Fence(id);
  const storage::ExitReport report{.exit_code = exit.exit_code,
                                   .signal = exit.signal,
                                   .oom_killed = exit.oom_killed,
                                   .requested_stop = record->state != MachineState::kStarted,
                                   .exited_at = exit.exited_at,
                                   .error = exit.error};
  record->boot->exit = report;
  if (record->state == MachineState::kStarting && !exit.error.empty() && interrupted_.contains(boot_id)) {
    next = MachineState::kStarting;
  }
  record->state = *next;
  const bool boots_again = *next == MachineState::kStarting;
  if (boots_again) {
    if (absl::Status begun = BeginBoot(*record); !begun.ok()) return Note("boot.not_begun", id, begun.message());
  }
  storage::MachineChange change = ChangeOf(*record, "exit", "flyd", exit.error);
  change.events.back().exit = report;
  const bool destroying = *next == MachineState::kDestroying;
  if (!boots_again && !destroying) change.operation.emplace(std::nullopt);
  Result committed = CommitChange(std::move(change));
  if (!committed.ok()) return Note("exit.not_recorded", id, committed.status().message());
  if (boots_again) return LaunchBoot(*committed);
  parts_.sockets.Close(id);
  if (destroying) executor_.Run([this, id] { FinishDestroy(id); });
}

// Nothing of the machine runs any more: its files go, then its record says so.
void Supervisor::FinishDestroy(const std::string& id) {
  absl::MutexLock lock(&LockOf(id));
  absl::StatusOr<Record> record = parts_.store.Get(id);
  if (!record.ok() || record->state != MachineState::kDestroying) return;
  parts_.sockets.Close(id);
  {
    absl::MutexLock alarms(&alarm_mu_);
    alarmed_.erase(id);
  }
  if (record->boot.has_value()) {
    if (absl::Status removed = parts_.runtime.Remove(id, record->boot->boot_id); !removed.ok()) {
      Note("boot.files_not_removed", id, removed.message());
    }
  }
  record->state = *Next(record->state, MachineEvent::kRemoved);
  storage::MachineChange change = ChangeOf(*record, "destroyed", "flyd", "");
  change.operation.emplace(std::nullopt);
  if (Result kept = CommitChange(std::move(change)); !kept.ok()) {
    Note("destroy.not_recorded", id, kept.status().message());
  }
}

absl::Status Supervisor::Recover() {
  std::string after;
  while (true) {
    const absl::StatusOr<std::vector<Record>> page = parts_.store.List(after, kPage);
    if (!page.ok()) return page.status();
    for (const Record& record : *page) {
      if (absl::Status status = RecoverMachine(record); !status.ok()) return status;
    }
    if (page->size() < kPage) return absl::OkStatus();
    after = page->back().id;
  }
}

absl::Status Supervisor::RecoverMachine(const Record& record) {
  if (record.state == MachineState::kStarting) interrupted_.insert(record.boot->boot_id);
  const bool ended = !record.boot.has_value() || record.boot->exit.has_value();
  if (record.state == MachineState::kDestroying && ended) {
    executor_.Run([this, id = record.id] { FinishDestroy(id); });
    return absl::OkStatus();
  }
  if (ended || (!HasLiveBoot(record.state) && record.state != MachineState::kDestroying)) return absl::OkStatus();
  if (StateMayMint(record.state)) {
    if (absl::Status status = PublishBoot(record, record.state == MachineState::kStarting); !status.ok()) return status;
    if (absl::Status status = parts_.sockets.Open(record.id); !status.ok()) return status;
  }
  return RecoverBoot(record);
}

absl::Status Supervisor::RecoverBoot(const Record& record) {
  const absl::StatusOr<BootObservation> seen = parts_.runtime.Observe(record.id, record.boot->boot_id);
  if (!seen.ok()) return seen.status();
  if (const BootExit* exit = std::get_if<BootExit>(&*seen)) {
    OnExit(record.id, record.boot->boot_id, *exit);
    return absl::OkStatus();
  }
  const bool runs = std::holds_alternative<RunningBoot>(*seen);
  if (!runs && record.state == MachineState::kStarting) {
    LaunchBoot(record);  // committed, not started: the start goes on
    return absl::OkStatus();
  }
  if (!runs) {
    OnExit(record.id, record.boot->boot_id,
           {.exit_code = 255, .exited_at = parts_.clock.Now(), .error = "runner: gone without a report, want its exit"});
    return absl::OkStatus();
  }
  Note("boot.adopted", record.id, record.boot->boot_id);
  const StopSettings settings = StopSettingsOf(record.boot->version.config);
  if (record.state == MachineState::kDestroying) {
    EndBoot(record, SIGKILL, absl::ZeroDuration());
  } else if (record.state == MachineState::kStopping || record.state == MachineState::kUpdating) {
    EndBoot(record, settings.signal, settings.timeout);
  } else if (record.state == MachineState::kStarting) {
    LaunchBoot(record);  // idempotent: records the runner
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const BootView>> Supervisor::PresentBoot(absl::string_view machine_id) {
  return registry_.Present(machine_id);
}

absl::Status Supervisor::Release(const BootView& view, absl::FunctionRef<void()> write) {
  return registry_.Release(view, write);
}

// Noted each time, recorded once a boot: whoever asks again and again must not fill the store.
void Supervisor::AlarmOfSecondBootRequest(const Record& record) {
  Note("alarm.second_boot_request", record.id, record.boot->boot_id);
  {
    absl::MutexLock lock(&alarm_mu_);
    if (std::exchange(alarmed_[record.id], record.boot->boot_id) == record.boot->boot_id) return;
  }
  if (Result noted = CommitChange(ChangeOf(record, "boot_refused", "flyd", "POST /boot for the second time"));
      !noted.ok()) {
    Note("alarm.not_recorded", record.id, noted.status().message());
  }
}

absl::StatusOr<std::string> Supervisor::TakeBootAnswer(absl::string_view machine_id) {
  absl::MutexLock lock(&LockOf(machine_id));
  absl::StatusOr<Record> record = parts_.store.Get(machine_id);
  if (!record.ok()) return record.status();
  if (record->boot.has_value() && record->boot->answered && !record->boot->exit.has_value()) {
    AlarmOfSecondBootRequest(*record);
    return absl::AlreadyExistsError(absl::StrCat("boot ", record->boot->boot_id, ": answered already, want one request"));
  }
  if (record->state != MachineState::kStarting || !record->boot.has_value()) {
    return absl::FailedPreconditionError(absl::StrCat("machine ", machine_id, ": ", StateName(record->state), ", want starting"));
  }
  const absl::StatusOr<std::shared_ptr<const storage::SecretBytes>> key = parts_.keyring.Get(identity_.key_epoch);
  if (!key.ok()) return key.status();
  absl::StatusOr<std::string> macaroon = tokensvc::macaroon::MintBootToken(**key, {.kid = record->boot->macaroon_kid,
                                                                                  .rnd = record->boot->macaroon_rnd,
                                                                                  .organization_id = record->organization_id,
                                                                                  .app_id = record->app_id,
                                                                                  .machine_id = record->id});
  if (!macaroon.ok()) return macaroon.status();
  record->boot->answered = true;
  storage::MachineChange change{.record = *record, .expected_revision = record->revision};
  if (Result kept = CommitChange(std::move(change)); !kept.ok()) return kept.status();
  return BootAnswerJson(*record, *macaroon);
}

absl::Status Supervisor::ReportFromInit(const BootView& view, absl::string_view type, absl::string_view detail) {
  absl::MutexLock lock(&LockOf(view.machine_id));
  absl::StatusOr<Record> record = parts_.store.Get(view.machine_id);
  if (!record.ok()) return record.status();
  if (!record->boot.has_value() || record->boot->boot_id != view.boot_id) {
    return absl::AbortedError(absl::StrCat("boot ", view.boot_id, ": not the machine's any more"));
  }
  const bool booted = type == "started" && Next(record->state, MachineEvent::kBooted).has_value();
  if (booted) record->state = *Next(record->state, MachineEvent::kBooted);
  storage::MachineChange change = ChangeOf(*record, type, "flyd", detail);
  if (booted) change.operation.emplace(std::nullopt);
  if (Result kept = CommitChange(std::move(change)); !kept.ok()) return kept.status();
  if (booted) registry_.Amend(view.machine_id, [](BootView& now) { now.booting = false; });
  return absl::OkStatus();
}

}  // namespace flyd
