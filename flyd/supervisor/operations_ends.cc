// What the ends of boots lead to, what PID 1 reports, and how a new process finds it all again.
#include <utility>

#include "absl/strings/str_cat.h"
#include "flyd/supervisor/lease_check.h"
#include "flyd/supervisor/machine_refusals.h"
#include "flyd/supervisor/operations.h"

namespace flyd {
namespace {

constexpr size_t kPage = 1000;

// Whether the operation waits for the report that the workload runs.
bool Starts(const std::optional<storage::OperationRecord>& present) {
  return present.has_value() && (present->step == RuleOf(OperationStep::kLaunch).name ||
                                 present->step == RuleOf(OperationStep::kAwaitStarted).name);
}

bool IsOrdered(const std::optional<storage::OperationRecord>& present) {
  if (!present.has_value()) return false;
  const std::optional<OperationStep> step = StepNamed(present->step);
  return step.has_value() && EndsABoot(*step) && present->kind != KindName(OperationKind::kAbandon);
}

storage::ExitReport ReportOf(const BootExit& exit) {
  return {.exit_code = exit.exit_code,
          .signal = exit.signal,
          .oom_killed = exit.oom_killed,
          .exited_at = exit.exited_at,
          .error = exit.error};
}

absl::Status NotThePresentBoot(const BootView& view) {
  return absl::AbortedError(absl::StrCat("boot ", view.boot_id, ": not the machine's any more"));
}

}  // namespace

void Operations::OnExit(absl::string_view machine_id, absl::string_view boot_id, const BootExit& exit) {
  parts_.scheduler.RunAfter(absl::ZeroDuration(),
                            [this, id = std::string(machine_id), boot = std::string(boot_id), exit] {
                              HandleExit(id, boot, exit);
                            });
}

void Operations::HandleExit(const std::string& machine_id, const std::string& boot_id, const BootExit& exit) {
  absl::MutexLock lock(&parts_.table.LockOf(machine_id));
  const absl::StatusOr<Record> record = parts_.table.store().Get(machine_id);
  // Told twice, or of a boot that is not the machine's any more.
  if (!record.ok() || !HasLiveBoot(*record) || record->boot->boot_id != boot_id) return;
  const absl::StatusOr<std::optional<Operation>> present = Present(machine_id);
  if (!present.ok()) return parts_.table.Note("operation.unreadable", machine_id, present.status().message());
  parts_.boots.registry().Fence(machine_id);
  storage::MachineChange change = parts_.table.ChangeOf(*record, "exit", "flyd", exit.error);
  change.record.boot->exit = ReportOf(exit);
  change.record.boot->exit->requested_stop = IsOrdered(*present);
  change.events.back().exit = change.record.boot->exit;
  if (absl::Status written = WriteEnd(change, *present); !written.ok()) {
    parts_.table.Note("boot.not_begun", machine_id, written.message());
  }
  const absl::StatusOr<Record> committed = Commit(change);
  if (!committed.ok()) return parts_.table.Note("exit.not_recorded", machine_id, committed.status().message());
  parts_.boots.registry().Forget(machine_id);
  if (!HasLiveBoot(*committed)) parts_.sockets.Close(machine_id);
}

absl::Status Operations::WriteEnd(storage::MachineChange& change, const std::optional<Operation>& present) {
  const std::string error = change.record.boot->exit->error;
  if (!present.has_value()) {
    return parts_.book.AfterEnd(change, present, MachineEvent::kExited, error, /*may_restart=*/true);
  }
  const std::optional<OperationKind> kind = KindNamed(present->kind);
  const std::optional<OperationStep> step = StepNamed(present->step);
  if (!kind.has_value() || !step.has_value()) {
    return absl::DataLossError(absl::StrCat("operation ", present->id, ": not of this version"));
  }
  if (*kind == OperationKind::kAbandon) {
    const bool cancelled = change.record.state == storage::MachineState::kStopping;
    return parts_.book.AfterEnd(change, present, cancelled ? MachineEvent::kExited : MachineEvent::kRefused,
                                present->error, !cancelled);
  }
  if (EndsABoot(*step)) {
    OperationBook::Apply(change, MachineEvent::kExited);
    if (const auto next = StepAfter(*kind, OperationStep::kAwaitKilled)) return parts_.book.Enter(change, *present, *next);
    parts_.book.Finish(change, *present, "");
    return absl::OkStatus();
  }
  if (CouldNotHear(change.record, present)) return parts_.book.Enter(change, *present, OperationStep::kLaunch);
  return parts_.book.AfterEnd(change, present, MachineEvent::kExited,
                              error.empty() ? absl::StrCat(present->kind, ": the workload ended") : error,
                              /*may_restart=*/true);
}

bool Operations::CouldNotHear(const Record& record, const std::optional<Operation>& present) const {
  if (!Starts(present)) return false;
  absl::MutexLock lock(&mu_);
  return !record.boot->exit->error.empty() && interrupted_.contains(record.boot->boot_id);
}

absl::Status Operations::OnReport(const BootView& view, absl::string_view type, absl::string_view detail) {
  absl::MutexLock lock(&parts_.table.LockOf(view.machine_id));
  const absl::StatusOr<Record> record = parts_.table.store().Get(view.machine_id);
  if (!record.ok()) return record.status();
  if (!HasLiveBoot(*record) || record->boot->boot_id != view.boot_id) return NotThePresentBoot(view);
  const absl::StatusOr<std::optional<Operation>> present = Present(view.machine_id);
  if (!present.ok()) return present.status();
  storage::MachineChange change = parts_.table.ChangeOf(*record, type, "flyd", detail);
  const bool booted = type == "started" && record->state == storage::MachineState::kStarting && Starts(*present);
  if (booted) {
    OperationBook::Apply(change, MachineEvent::kBooted);
    parts_.book.Finish(change, **present, "");
  }
  if (const absl::StatusOr<Record> kept = Commit(change); !kept.ok()) return kept.status();
  if (booted) parts_.boots.registry().Amend(view.machine_id, [](BootView& now) { now.booting = false; });
  return absl::OkStatus();
}

absl::Status Operations::OnEndReport(const BootView& view, const BootExit& end) {
  absl::MutexLock lock(&parts_.table.LockOf(view.machine_id));
  const absl::StatusOr<Record> record = parts_.table.store().Get(view.machine_id);
  if (!record.ok()) return record.status();
  if (!HasLiveBoot(*record) || record->boot->boot_id != view.boot_id) return NotThePresentBoot(view);
  storage::MachineChange change = parts_.table.ChangeOf(*record, kExitingEvent, "flyd", end.error);
  change.events.back().exit = ReportOf(end);
  return Commit(change).status();
}

absl::StatusOr<storage::MachineRecord> Operations::Cancel(const std::string& machine_id,
                                                          const std::string& operation_id,
                                                          absl::string_view lease_nonce) {
  if (absl::Status changeable = parts_.table.store().Changeable(); !changeable.ok()) return changeable;
  absl::MutexLock lock(&parts_.table.LockOf(machine_id));
  const absl::StatusOr<Record> record = parts_.table.store().Get(machine_id);
  if (!record.ok()) return OfMachine(record.status(), machine_id);
  if (absl::Status free = CheckLease(*record, lease_nonce, parts_.table.clock().Now()); !free.ok()) return free;
  const absl::StatusOr<std::optional<Step>> step = Load(machine_id);
  if (!step.ok()) return step.status();
  if (!step->has_value() || (*step)->operation.id != operation_id) {
    return absl::FailedPreconditionError(
        absl::StrCat("machine ", machine_id, ": operation ", operation_id, " is not in progress"));
  }
  const Step& now = **step;
  storage::MachineChange change = parts_.table.ChangeOf(now.record, "cancel", "user", now.operation.kind);
  if (now.step == OperationStep::kBackoff) {
    OperationBook::Apply(change, MachineEvent::kStop);
    OperationBook::Apply(change, MachineEvent::kExited);
    parts_.book.Finish(change, now.operation, "cancelled");
    return Commit(change);
  }
  if (now.step != OperationStep::kLaunch && now.step != OperationStep::kAwaitStarted) {
    return absl::FailedPreconditionError(absl::StrCat("operation ", operation_id, ": ", now.operation.kind, " at ",
                                                      now.operation.step, ", want a start that has not succeeded yet"));
  }
  parts_.boots.registry().Fence(machine_id);
  OperationBook::Apply(change, MachineEvent::kStop);
  const absl::Status begun = parts_.book.Begin(
      change, now.operation, {.kind = OperationKind::kAbandon, .step = OperationStep::kKill, .error = "cancelled"});
  if (!begun.ok()) return begun;
  return Commit(change);
}

absl::Status Operations::Recover(const Record& record) {
  const absl::StatusOr<std::optional<Operation>> present = Present(record.id);
  if (!present.ok()) return present.status();
  {
    absl::MutexLock lock(&mu_);
    if (present->has_value()) active_.insert(record.id);
    if (record.state == storage::MachineState::kStarting) interrupted_.insert(record.boot->boot_id);
  }
  const bool resumes = present->has_value() && (*present)->kind == KindName(OperationKind::kResume);
  if (HasLiveBoot(record)) {
    if (StateMayMint(record.state) && !IsAbandoned(*present)) {
      const bool booting = record.state == storage::MachineState::kStarting && !resumes;
      if (absl::Status published = parts_.boots.Publish(record, booting); !published.ok()) return published;
    }
    if (absl::Status open = parts_.sockets.Open(record.id); !open.ok()) return open;
    const bool launching = present->has_value() && (*present)->step == RuleOf(OperationStep::kLaunch).name;
    if (absl::Status found = launching ? absl::OkStatus() : ReconcileOne(record); !found.ok()) return found;
  }
  if (present->has_value()) Drive(record.id);
  return absl::OkStatus();
}

absl::Status Operations::Show(const Record& record) {
  if (!HasLiveBoot(record) || !StateMayMint(record.state)) return absl::OkStatus();
  if (parts_.control.IsMarkedFenced(record.id, record.boot->boot_id)) return absl::OkStatus();
  const absl::StatusOr<std::optional<Operation>> present = Present(record.id);
  if (!present.ok()) return present.status();
  if (IsAbandoned(*present)) return absl::OkStatus();
  const absl::StatusOr<BootObservation> seen = parts_.runtime.Observe(record.id, record.boot->boot_id);
  if (!seen.ok() || !std::holds_alternative<RunningBoot>(*seen)) return absl::OkStatus();
  if (absl::Status published = parts_.boots.Publish(record, /*booting=*/false); !published.ok()) return published;
  return parts_.sockets.Open(record.id);
}

absl::Status Operations::ReconcileOne(const Record& record) {
  const absl::StatusOr<BootObservation> seen = parts_.runtime.Observe(record.id, record.boot->boot_id);
  if (!seen.ok()) return seen.status();
  if (const BootExit* exit = std::get_if<BootExit>(&*seen)) {
    HandleExit(record.id, record.boot->boot_id, *exit);
  } else if (std::holds_alternative<std::monostate>(*seen)) {
    HandleExit(record.id, record.boot->boot_id,
               {.exit_code = 255,
                .exited_at = parts_.table.clock().Now(),
                .error = "runner: gone without a report, want its exit"});
  }
  return absl::OkStatus();
}

absl::Status Operations::Reconcile() {
  std::string after;
  while (true) {
    const absl::StatusOr<std::vector<Record>> page = parts_.table.store().List(after, kPage);
    if (!page.ok()) return page.status();
    for (const Record& record : *page) {
      const absl::StatusOr<std::optional<Operation>> present = Present(record.id);
      if (!present.ok()) return present.status();
      // What is being launched or ended is looked after by its operation.
      if (!HasLiveBoot(record) || present->has_value()) continue;
      if (absl::Status found = ReconcileOne(record); !found.ok()) {
        parts_.table.Note("boot.not_observed", record.id, found.message());
      }
    }
    if (page->size() < kPage) return absl::OkStatus();
    after = page->back().id;
  }
}

}  // namespace flyd
