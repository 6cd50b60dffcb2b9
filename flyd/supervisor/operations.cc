// How operations are driven: which machine is worked on, what is due, and what an effect's outcome leads to. What the ends
// of boots lead to is in operations_ends.cc.
#include "flyd/supervisor/operations.h"

#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flyd/supervisor/boot_answer_codec.h"

namespace flyd {
namespace {

// How many boots of a machine the host keeps files of, the running one included: people read the logs of the one before.
constexpr size_t kBootsKept = 3;

std::string KeyOf(const storage::OperationRecord& operation) {
  return absl::StrCat(operation.id, "/", operation.step, "/", operation.attempts);
}

bool MayHelpAgain(const absl::Status& status) {
  return !absl::IsFailedPrecondition(status) && !absl::IsInvalidArgument(status);
}

}  // namespace

absl::StatusOr<storage::MachineRecord> Operations::Commit(const storage::MachineChange& change) {
  absl::StatusOr<Record> committed = parts_.table.Commit(change);
  if (!committed.ok() || !change.operation.has_value()) return committed;
  if (HasLiveBoot(*committed)) {
    const bool may_mint = StateMayMint(committed->state) && !IsAbandoned(*change.operation);
    parts_.control.MarkFenced(committed->id, committed->boot->boot_id, !may_mint);
  }
  const bool active = change.operation->has_value();
  {
    absl::MutexLock lock(&mu_);
    if (active) {
      active_.insert(change.record.id);
    } else {
      active_.erase(change.record.id);
    }
  }
  if (active) Drive(change.record.id);
  return committed;
}

absl::StatusOr<std::optional<storage::OperationRecord>> Operations::Present(absl::string_view machine_id) const {
  absl::StatusOr<Operation> operation = parts_.table.store().GetOperation(machine_id);
  if (absl::IsNotFound(operation.status())) return std::nullopt;
  if (!operation.ok()) return operation.status();
  return *std::move(operation);
}

size_t Operations::in_progress() const {
  absl::MutexLock lock(&mu_);
  return active_.size();
}

void Operations::Drive(const std::string& machine_id) {
  parts_.scheduler.RunAfter(absl::ZeroDuration(), [this, machine_id] { Run(machine_id); });
}

void Operations::Run(const std::string& machine_id) {
  if (Take(machine_id)) GoOn(machine_id, Lane::kQuick);
}

void Operations::GoOn(const std::string& machine_id, Lane lane) {
  Ran ran = Ran::kMore;
  do {
    do {
      ran = RunStep(machine_id, lane);
    } while (ran == Ran::kMore);
  } while (!Release(machine_id));
  if (ran != Ran::kElsewhere) return;
  // The machine is nobody's while that waits for its turn: what ends it comes before.
  parts_.slow.RunAfter(absl::ZeroDuration(), [this, machine_id] {
    if (Take(machine_id)) GoOn(machine_id, Lane::kSlow);
  });
}

bool Operations::Take(const std::string& machine_id) {
  absl::MutexLock lock(&mu_);
  Slot& slot = slots_[machine_id];
  slot.again = slot.busy;
  if (slot.busy) return false;
  slot.busy = true;
  return true;
}

// False where somebody asked meanwhile: the caller looks again.
bool Operations::Release(const std::string& machine_id) {
  absl::MutexLock lock(&mu_);
  Slot& slot = slots_[machine_id];
  if (std::exchange(slot.again, false)) return false;
  slot.busy = false;
  if (!active_.contains(machine_id)) slots_.erase(machine_id);
  return true;
}

// How long until `at`, a time of the wall clock as it stood when this step was first seen: a clock that is stepped
// afterwards neither hurries nor delays it.
absl::Duration Operations::Left(const Step& step, absl::Time at) {
  const absl::Time now = parts_.table.clock().Now();
  const absl::Duration monotonic = parts_.table.clock().Monotonic();
  absl::MutexLock lock(&mu_);
  Slot& slot = slots_[step.record.id];
  if (const std::string key = KeyOf(step.operation); slot.seen != key) {
    slot.seen = key;
    slot.seen_at = now;
    slot.seen_since = monotonic;
  }
  return (at - slot.seen_at) - (monotonic - slot.seen_since);
}

absl::StatusOr<std::optional<Operations::Step>> Operations::Load(const std::string& machine_id) const {
  absl::StatusOr<std::optional<Operation>> operation = Present(machine_id);
  if (!operation.ok()) return operation.status();
  if (!operation->has_value()) return std::nullopt;
  absl::StatusOr<Record> record = parts_.table.store().Get(machine_id);
  if (!record.ok()) return record.status();
  const std::optional<OperationKind> kind = KindNamed((*operation)->kind);
  const std::optional<OperationStep> step = StepNamed((*operation)->step);
  if (!kind.has_value() || !step.has_value()) {
    return absl::DataLossError(absl::StrCat("operation ", (*operation)->id, ": ", (*operation)->kind, " at ",
                                            (*operation)->step, ", want a kind and a step of this version"));
  }
  return Step{*std::move(record), **std::move(operation), *kind, *step};
}

// True where the step is not over yet: it is looked at again then.
bool Operations::Waits(const Step& step, absl::Time until) {
  if (until == absl::InfiniteFuture()) return true;
  const absl::Duration left = Left(step, until);
  if (left <= absl::ZeroDuration()) return false;
  parts_.scheduler.RunAfter(left, [this, id = step.record.id] { Run(id); });
  return true;
}

// Does what is due of the machine's operation.
Operations::Ran Operations::RunStep(const std::string& machine_id, Lane lane) {
  const auto more = [](bool kept) { return kept ? Ran::kMore : Ran::kNoMore; };
  std::optional<Step> step;
  {
    absl::MutexLock lock(&parts_.table.LockOf(machine_id));
    absl::StatusOr<std::optional<Step>> loaded = Load(machine_id);
    if (!loaded.ok()) parts_.table.Note("operation.unreadable", machine_id, loaded.status().message());
    if (!loaded.ok() || !loaded->has_value()) return Ran::kNoMore;
    step = **std::move(loaded);
    if (Waits(*step, step->operation.step_at)) return Ran::kNoMore;
    if (!RuleOf(step->step).has_effect) {
      if (step->step != OperationStep::kBackoff && Waits(*step, step->operation.deadline)) return Ran::kNoMore;
      return more(Keep(Commit(Expire(*step))));
    }
    // There it is loaded again: an order that came meanwhile has its way.
    if (lane == Lane::kQuick && TakesLong(step->step)) return Ran::kElsewhere;
    // Under the lock, so that an order that fences the boot comes before it or after it.
    // PID 1 asks for tokens before the workload begins, or goes on.
    if (step->step == OperationStep::kLaunch || step->step == OperationStep::kThaw) {
      const absl::Status published = parts_.boots.Publish(step->record, step->step == OperationStep::kLaunch);
      if (!published.ok()) return more(Keep(Commit(Fail(*step, absl::FailedPreconditionError(published.message())))));
    }
  }
  return more(Settle(*step, Do(*step)));
}

Operations::Outcome Operations::Do(const Step& step) {
  const Record& record = step.record;
  switch (step.step) {
    case OperationStep::kLaunch: return Launch(record);
    case OperationStep::kSignal: return EndBoot(step, step.operation.signal);
    case OperationStep::kKill: return EndBoot(step, SIGKILL);
    case OperationStep::kFreeze: return {.status = parts_.control.Suspend(record.id, record.boot->boot_id)};
    case OperationStep::kThaw: return {.status = parts_.control.Resume(record.id, record.boot->boot_id)};
    case OperationStep::kRemove: return RemoveAll(record);
    case OperationStep::kBackoff:
    case OperationStep::kAwaitExit:
    case OperationStep::kAwaitKilled:
    case OperationStep::kAwaitStarted: break;  // they only wait
  }
  return {};
}

Operations::Outcome Operations::Launch(const Record& record) {
  const BootSpec spec = {.machine_id = record.id,
                         .boot_id = record.boot->boot_id,
                         .hostname = record.name,
                         .image = record.boot->version.image,
                         .image_digest = record.boot->version.image_digest,
                         .limits = LimitsOf(record.boot->version.config)};
  if (absl::Status open = parts_.sockets.Open(record.id); !open.ok()) return {.status = std::move(open)};
  absl::StatusOr<RunningBoot> running = parts_.runtime.Start(spec);
  if (running.ok()) {
    Prune(record);
    return {.running = *std::move(running)};
  }
  // A boot that has begun all the same is no refusal: it runs, or its own exit is the one to record.
  const absl::StatusOr<BootObservation> seen = parts_.runtime.Observe(record.id, record.boot->boot_id);
  if (const RunningBoot* runs = seen.ok() ? std::get_if<RunningBoot>(&*seen) : nullptr) return {.running = *runs};
  if (const BootExit* exit = seen.ok() ? std::get_if<BootExit>(&*seen) : nullptr) return {.exit = *exit};
  return {.status = running.status()};
}

Operations::Outcome Operations::EndBoot(const Step& step, int signal) {
  const Record& record = step.record;
  if (!HasLiveBoot(record)) return {};
  const absl::StatusOr<BootObservation> seen = parts_.runtime.Observe(record.id, record.boot->boot_id);
  if (!seen.ok()) return {.status = seen.status()};
  if (const BootExit* exit = std::get_if<BootExit>(&*seen)) return {.exit = *exit};
  if (std::holds_alternative<std::monostate>(*seen)) {
    const std::string& why = step.operation.error;
    return {.exit = BootExit{.exit_code = 255,
                             .exited_at = parts_.table.clock().Now(),
                             .error = why.empty() ? "boot: never begun" : why}};
  }
  return {.status = parts_.runtime.Signal(record.id, record.boot->boot_id, signal)};
}

Operations::Outcome Operations::RemoveAll(const Record& record) {
  parts_.sockets.Close(record.id);
  parts_.boots.Forget(record.id);
  const absl::StatusOr<std::vector<BootName>> boots = parts_.runtime.Boots(record.id);
  if (!boots.ok()) return {.status = boots.status()};
  for (const BootName& boot : *boots) {
    if (absl::Status removed = parts_.runtime.Remove(record.id, boot.boot_id); !removed.ok()) return {.status = removed};
  }
  return {};
}

void Operations::Prune(const Record& record) {
  const absl::StatusOr<std::vector<BootName>> boots = parts_.runtime.Boots(record.id);
  if (!boots.ok()) return parts_.table.Note("boots.not_listed", record.id, boots.status().message());
  for (size_t i = 0; i + kBootsKept < boots->size(); ++i) {
    const absl::Status removed = parts_.runtime.Remove(record.id, (*boots)[i].boot_id);
    if (!removed.ok()) parts_.table.Note("boot.files_not_removed", record.id, removed.message());
  }
}

bool Operations::Keep(absl::StatusOr<Record> committed) {
  if (!committed.ok()) parts_.table.Note("operation.not_recorded", "", committed.status().message());
  return committed.ok();
}

bool Operations::Settle(const Step& done, const Outcome& outcome) {
  const std::string& id = done.record.id;
  if (outcome.exit.has_value()) {
    HandleExit(id, done.record.boot->boot_id, *outcome.exit);
    // Where the end was recorded before, the operation has moved on; where it cannot be, the deadline comes back to it.
    absl::MutexLock lock(&parts_.table.LockOf(id));
    const absl::StatusOr<std::optional<Step>> now = Load(id);
    return now.ok() && now->has_value() && KeyOf((*now)->operation) != KeyOf(done.operation);
  }
  absl::MutexLock lock(&parts_.table.LockOf(id));
  const absl::StatusOr<std::optional<Step>> now = Load(id);
  if (!now.ok()) return false;
  if (!now->has_value() || KeyOf((*now)->operation) != KeyOf(done.operation)) {
    if (outcome.running.has_value()) RecordRunner(id, done, *outcome.running);
    return true;
  }
  return Keep(Commit(outcome.status.ok() ? Succeed(**now, outcome) : Fail(**now, outcome.status)));
}

storage::MachineChange Operations::Succeed(const Step& step, const Outcome& outcome) {
  storage::MachineChange change{.record = step.record, .expected_revision = step.record.revision};
  switch (step.step) {
    case OperationStep::kFreeze:
      change = parts_.table.ChangeOf(step.record, "suspended", "flyd", "");
      OperationBook::Apply(change, MachineEvent::kFrozen);
      break;
    case OperationStep::kThaw:
      change = parts_.table.ChangeOf(step.record, "resumed", "flyd", "");
      OperationBook::Apply(change, MachineEvent::kBooted);
      break;
    case OperationStep::kRemove:
      change = parts_.table.ChangeOf(step.record, "destroyed", "flyd", "");
      OperationBook::Apply(change, MachineEvent::kRemoved);
      break;
    default:
      if (outcome.running.has_value()) {
        change.record.boot->runner = storage::RunnerIdentity{.pid = outcome.running->runner_pid,
                                                             .start_ticks = outcome.running->runner_start_ticks,
                                                             .host_boot_id = outcome.running->host_boot_id,
                                                             .init_pid = outcome.running->init_pid};
      }
  }
  if (const std::optional<OperationStep> next = StepAfter(step.kind, step.step)) {
    parts_.book.Enter(change, step.operation, *next).IgnoreError();  // only kLaunch can fail, and it follows no effect
  } else {
    parts_.book.Finish(change, step.operation, "");
  }
  return change;
}

storage::MachineChange Operations::Fail(const Step& step, const absl::Status& why) {
  const StepRule& rule = RuleOf(step.step);
  storage::MachineChange change{.record = step.record, .expected_revision = step.record.revision};
  Operation again = step.operation;
  ++again.attempts;
  again.error = std::string(why.message());
  again.step_at = parts_.table.clock().Now() + RetryDelay(again.attempts);
  if (rule.on_failure == OnFailure::kRepeat || (again.attempts < rule.attempts && MayHelpAgain(why))) {
    change.operation.emplace(std::move(again));
    return change;
  }
  parts_.table.Note("operation.failed", step.record.id, absl::StrCat(step.operation.kind, " ", rule.name, ": ", why.message()));
  if (rule.on_failure == OnFailure::kGoOn) {
    parts_.book.Enter(change, step.operation, *StepAfter(step.kind, step.step)).IgnoreError();
    return change;
  }
  change = parts_.table.ChangeOf(step.record, absl::StrCat(step.operation.kind, "_failed"), "flyd", why.message());
  // Whether something of the boot runs is not known for certain: it is ended before anything else is begun.
  if (step.step == OperationStep::kLaunch) return Abandon(std::move(change), step, std::string(why.message()));
  OperationBook::Apply(change, step.step == OperationStep::kFreeze ? MachineEvent::kBooted : MachineEvent::kFrozen);
  if (step.step == OperationStep::kThaw) parts_.boots.registry().Fence(step.record.id);
  if (step.step == OperationStep::kFreeze) {
    // What cannot be published cannot mint; the machine runs all the same.
    if (absl::Status published = parts_.boots.Publish(change.record, /*booting=*/false); !published.ok()) {
      parts_.table.Note("boot.not_published", step.record.id, published.message());
    }
  }
  parts_.book.Finish(change, step.operation, why.message());
  return change;
}

storage::MachineChange Operations::Abandon(storage::MachineChange change, const Step& step, std::string why) {
  parts_.boots.registry().Fence(step.record.id);
  parts_.book
      .Begin(change, step.operation,
             {.kind = OperationKind::kAbandon, .step = OperationStep::kKill, .source = "flyd", .error = std::move(why)})
      .IgnoreError();  // only kLaunch can fail
  return change;
}

storage::MachineChange Operations::Expire(const Step& step) {
  storage::MachineChange change{.record = step.record, .expected_revision = step.record.revision};
  if (step.step == OperationStep::kAwaitStarted) {
    const std::string why =
        absl::StrCat("start: no report within ", RuleOf(step.step).seconds, " s, want PID 1's that the workload runs");
    change = parts_.table.ChangeOf(step.record, "start_timeout", "flyd", why);
    return Abandon(std::move(change), step, why);
  }
  const OperationStep next =
      step.step == OperationStep::kAwaitKilled ? OperationStep::kKill : *StepAfter(step.kind, step.step);
  if (absl::Status entered = parts_.book.Enter(change, step.operation, next); !entered.ok()) {
    return Fail(step, entered);
  }
  return change;
}

void Operations::RecordRunner(const std::string& machine_id, const Step& done, const RunningBoot& running) {
  absl::StatusOr<Record> record = parts_.table.store().Get(machine_id);
  if (!record.ok() || !HasLiveBoot(*record) || record->boot->boot_id != done.record.boot->boot_id) return;
  record->boot->runner = storage::RunnerIdentity{.pid = running.runner_pid,
                                                 .start_ticks = running.runner_start_ticks,
                                                 .host_boot_id = running.host_boot_id,
                                                 .init_pid = running.init_pid};
  Keep(parts_.table.Commit({.record = *record, .expected_revision = record->revision}));
}

}  // namespace flyd
