#include "flyd/supervisor/supervisor.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flyd/supervisor/boot_answer_codec.h"
#include "flyd/supervisor/lease_check.h"
#include "flyd/supervisor/machine_refusals.h"

namespace flyd {
namespace {

storage::MachineVersion VersionOf(const tokensvc::VerifiedPlacement& verified, const std::string& config) {
  const tokensvc::IdentityClaims& id = verified.placement().identity;
  return {.version = id.machine_version,
          .image = id.image,
          .image_digest = id.image_digest,
          .placement_sha256 = verified.sha256(),
          .config = config};
}

absl::Status CheckSameMachine(const storage::MachineRecord& record, const tokensvc::Placement& placement) {
  const tokensvc::IdentityClaims& id = placement.identity;
  if (id.machine_id != record.id || id.organization_id != record.organization_id || id.app_id != record.app_id) {
    return absl::InvalidArgumentError(
        absl::StrCat("placement: of machine ", id.machine_id, ", want ", record.id, " in its organization and app"));
  }
  if (placement.generation < record.generation) {
    return absl::InvalidArgumentError(
        absl::StrCat("placement generation: ", placement.generation, ", want at least ", record.generation));
  }
  return absl::OkStatus();
}

storage::MachineRecord RecordOf(const tokensvc::VerifiedPlacement& verified, const std::string& config, absl::Time now) {
  const tokensvc::Placement& placement = verified.placement();
  return {.id = placement.identity.machine_id,
          .name = placement.identity.machine_name,
          .organization_id = placement.identity.organization_id,
          .organization_slug = placement.identity.organization_slug,
          .app_id = placement.identity.app_id,
          .app_name = placement.identity.app_name,
          .region = placement.identity.region,
          .worker = placement.worker,
          .generation = placement.generation,
          .state = MachineState::kCreated,
          .desired = VersionOf(verified, config),
          .metadata = MetadataOf(config),
          .created_at = now};
}

// Whether the order ends a machine earlier than the stop that is under way.
bool IsSooner(const EndSettings& end, const std::optional<storage::OperationRecord>& present, absl::Time now) {
  if (!present.has_value() || present->kind != KindName(OperationKind::kStop)) return false;
  const std::optional<OperationStep> step = StepNamed(present->step);
  if (step != OperationStep::kSignal && step != OperationStep::kAwaitExit) return false;
  if (end.signal == SIGKILL) return true;
  return end.timeout.has_value() && now + *end.timeout < std::min(present->deadline, now + present->timeout);
}

// A workload that stands still hears no signal.
bool StandsStill(MachineState state) { return state == MachineState::kSuspended || state == MachineState::kSuspending; }

}  // namespace

Supervisor::Supervisor(SupervisorParts parts, WorkerIdentity identity)
    : parts_(std::move(parts)),
      identity_(std::move(identity)),
      placement_check_(identity_.worker, identity_.placement_keys, parts_.placement_keys),
      table_(parts_.store, parts_.clock, parts_.log, parts_.on_lost),
      boots_(table_, parts_.keyring, parts_.ids, identity_),
      book_(parts_.clock, boots_, parts_.ids),
      operations_({.table = table_,
                   .boots = boots_,
                   .book = book_,
                   .runtime = parts_.runtime,
                   .control = parts_.control,
                   .sockets = parts_.sockets,
                   .scheduler = parts_.scheduler,
                   .slow = parts_.slow_scheduler == nullptr ? parts_.scheduler : *parts_.slow_scheduler}) {}

Supervisor::~Supervisor() {
  parts_.scheduler.Stop();
  if (parts_.slow_scheduler != nullptr) parts_.slow_scheduler->Stop();
}

absl::StatusOr<Supervisor::Found> Supervisor::Find(const std::string& id, const Guard& guard) {
  if (absl::Status changeable = parts_.store.Changeable(); !changeable.ok()) return changeable;
  absl::StatusOr<std::optional<Record>> repeated = table_.Repeated(guard.request);
  if (!repeated.ok()) return repeated.status();
  if (repeated->has_value()) return Found{.record = **std::move(repeated), .answered = true};
  absl::StatusOr<Record> record = parts_.store.Get(id);
  if (!record.ok()) return OfMachine(record.status(), id);
  if (guard.expected_revision != 0 && record->revision != guard.expected_revision) {
    return WrongRevision(*record, guard.expected_revision);
  }
  if (absl::Status free = CheckLease(*record, guard.lease_nonce, parts_.clock.Now()); !free.ok()) return free;
  absl::StatusOr<std::optional<storage::OperationRecord>> operation = operations_.Present(id);
  if (!operation.ok()) return operation.status();
  return Found{.record = *std::move(record), .operation = *std::move(operation)};
}

Supervisor::Result Supervisor::Order(Found found, const Guard& guard, MachineEvent event, absl::string_view type,
                                     const OperationOrder& order) {
  storage::MachineChange change = table_.ChangeOf(found.record, type, "user", "");
  OperationBook::Apply(change, event);
  if (absl::Status begun = book_.Begin(change, found.operation, order); !begun.ok()) return begun;
  table_.Answering(change, guard.request);
  return operations_.Commit(change);
}

Supervisor::Result Supervisor::AsItIs(const Found& found, const Guard& guard) {
  if (found.answered || guard.request.id.empty()) return found.record;
  storage::MachineChange change{.record = found.record, .expected_revision = found.record.revision};
  table_.Answering(change, guard.request);
  return operations_.Commit(change);
}

OperationOrder Supervisor::EndOrder(const Record& record, OperationKind kind, const EndSettings& end) const {
  const StopSettings settings = StopSettingsOf(record.boot->version.config);
  return {.kind = kind,
          .step = StandsStill(record.state) ? OperationStep::kKill : OperationStep::kSignal,
          .signal = end.signal != 0 ? end.signal : settings.signal,
          .timeout = end.timeout.value_or(settings.timeout)};
}

Supervisor::Result Supervisor::Create(const CreateMachine& order) {
  if (absl::Status changeable = parts_.store.Changeable(); !changeable.ok()) return changeable;
  const absl::StatusOr<tokensvc::VerifiedPlacement> verified =
      placement_check_.Check(order.placement, parts_.clock.Now());
  if (!verified.ok()) return verified.status();
  const std::string& id = verified->placement().identity.machine_id;
  absl::MutexLock lock(&table_.LockOf(id));
  const absl::StatusOr<std::optional<Record>> repeated = table_.Repeated(order.request);
  if (!repeated.ok()) return repeated.status();
  if (repeated->has_value()) return **repeated;
  Record record = RecordOf(*verified, order.config, parts_.clock.Now());
  if (const Result known = parts_.store.Get(id); known.ok()) {
    if (known->state != MachineState::kDestroyed || known->generation >= record.generation) {
      return OfMachine(absl::AlreadyExistsError(absl::StrCat("machine ", id, ": known here already, want a new one")), id);
    }
    record.revision = known->revision;  // it was moved away and comes back
  }
  if (absl::Status admitted = Admit(OperationKind::kStart); !admitted.ok()) return admitted;
  storage::MachineChange change = table_.ChangeOf(record, "launch", "user", "");
  change.placements = {{verified->sha256(), order.placement}};
  if (order.start) {
    // Created and started in one commit: a crash between the two would leave a machine that nobody asked for so.
    const absl::Status begun =
        book_.Begin(change, std::nullopt, {.kind = OperationKind::kStart, .step = OperationStep::kLaunch});
    if (!begun.ok()) return begun;
  }
  table_.Answering(change, order.request);
  return operations_.Commit(change);
}

Supervisor::Result Supervisor::Start(const std::string& id, const Guard& guard) {
  absl::MutexLock lock(&table_.LockOf(id));
  absl::StatusOr<Found> found = Find(id, guard);
  if (!found.ok()) return found.status();
  const MachineState state = found->record.state;
  if (found->answered || state == MachineState::kStarting || state == MachineState::kStarted) return AsItIs(*found, guard);
  if (absl::Status admitted = Admit(OperationKind::kStart); !admitted.ok()) return admitted;
  if (state == MachineState::kSuspended) {
    return Order(*std::move(found), guard, MachineEvent::kResume, "resume",
                 {.kind = OperationKind::kResume, .step = OperationStep::kThaw});
  }
  if (state != MachineState::kCreated && state != MachineState::kStopped && state != MachineState::kFailed) {
    return WrongState(found->record, "created, stopped, failed or suspended");
  }
  found->record.restarts = 0;
  storage::MachineChange change{.record = found->record, .expected_revision = found->record.revision};
  const absl::Status begun =
      book_.Begin(change, found->operation, {.kind = OperationKind::kStart, .step = OperationStep::kLaunch});
  if (!begun.ok()) return begun;
  change.record.updated_at = parts_.clock.Now();
  table_.Answering(change, guard.request);
  return operations_.Commit(change);
}

Supervisor::Result Supervisor::Stop(const std::string& id, const Guard& guard, const EndSettings& end) {
  absl::MutexLock lock(&table_.LockOf(id));
  absl::StatusOr<Found> found = Find(id, guard);
  if (!found.ok()) return found.status();
  const MachineState state = found->record.state;
  if (!found->answered && state == MachineState::kStopping && IsSooner(end, found->operation, parts_.clock.Now())) {
    OperationOrder order = EndOrder(found->record, OperationKind::kStop, end);
    if (end.signal == SIGKILL) order.step = OperationStep::kKill;
    return Order(*std::move(found), guard, MachineEvent::kStop, "stop", order);
  }
  if (found->answered || state == MachineState::kStopping || state == MachineState::kStopped) return AsItIs(*found, guard);
  if (!Next(state, MachineEvent::kStop).has_value()) return WrongState(found->record, "a boot, or a failed start, to stop");
  // Before the stop becomes visible: whatever was asked for up to here is not written any more.
  boots_.registry().Fence(id);
  if (HasLiveBoot(found->record)) {
    const OperationOrder order = EndOrder(found->record, OperationKind::kStop, end);
    return Order(*std::move(found), guard, MachineEvent::kStop, "stop", order);
  }
  // Nothing runs: what was to come is called off.
  storage::MachineChange change = table_.ChangeOf(found->record, "stop", "user", "");
  OperationBook::Apply(change, MachineEvent::kStop);
  OperationBook::Apply(change, MachineEvent::kExited);
  if (found->operation.has_value()) book_.Finish(change, *found->operation, "stop: took its place");
  table_.Answering(change, guard.request);
  return operations_.Commit(change);
}

Supervisor::Result Supervisor::Restart(const std::string& id, const Guard& guard, const EndSettings& end) {
  absl::MutexLock lock(&table_.LockOf(id));
  absl::StatusOr<Found> found = Find(id, guard);
  if (!found.ok()) return found.status();
  if (found->answered) return found->record;
  if (!HasLiveBoot(found->record) || !Next(found->record.state, MachineEvent::kRestart).has_value()) {
    return WrongState(found->record, "a boot to restart");
  }
  if (absl::Status admitted = Admit(OperationKind::kRestart); !admitted.ok()) return admitted;
  boots_.registry().Renew(id);
  found->record.restarts = 0;
  const OperationOrder order = EndOrder(found->record, OperationKind::kRestart, end);
  return Order(*std::move(found), guard, MachineEvent::kRestart, "restart", order);
}

Supervisor::Result Supervisor::Suspend(const std::string& id, const Guard& guard) {
  absl::MutexLock lock(&table_.LockOf(id));
  absl::StatusOr<Found> found = Find(id, guard);
  if (!found.ok()) return found.status();
  if (found->answered || StandsStill(found->record.state)) return AsItIs(*found, guard);
  if (!Next(found->record.state, MachineEvent::kSuspend).has_value()) return WrongState(found->record, "started");
  boots_.registry().Fence(id);
  return Order(*std::move(found), guard, MachineEvent::kSuspend, "suspend",
               {.kind = OperationKind::kSuspend, .step = OperationStep::kFreeze});
}

Supervisor::Result Supervisor::Update(const std::string& id, const Guard& guard, const UpdateMachine& update) {
  const absl::StatusOr<tokensvc::VerifiedPlacement> verified =
      placement_check_.Check(update.placement, parts_.clock.Now());
  if (!verified.ok()) return verified.status();
  absl::MutexLock lock(&table_.LockOf(id));
  absl::StatusOr<Found> found = Find(id, guard);
  if (!found.ok()) return found.status();
  if (found->answered) return found->record;
  Record& record = found->record;
  if (!Next(record.state, MachineEvent::kUpdate).has_value()) return WrongState(record, "a state in which it can be updated");
  if (absl::Status same = CheckSameMachine(record, verified->placement()); !same.ok()) return same;
  if (!update.current_version.empty() && update.current_version != record.desired.version) {
    return WrongVersion(record, update.current_version);
  }
  if (verified->placement().identity.machine_version == record.desired.version) {
    return absl::InvalidArgumentError(
        absl::StrCat("placement version: ", record.desired.version, " stands already, want a new one"));
  }
  if (absl::Status admitted = Admit(OperationKind::kUpdate); !admitted.ok()) return admitted;
  // The old boot goes on minting, as what it is, until it has ended; what it asked for before is not written any more.
  boots_.registry().Renew(id);
  record.desired = VersionOf(*verified, update.config);
  record.generation = verified->placement().generation;
  storage::MachineChange change = table_.ChangeOf(record, "update", "user", record.desired.version);
  change.placements = {{verified->sha256(), update.placement}};
  OperationBook::Apply(change, MachineEvent::kUpdate);
  absl::Status begun = absl::OkStatus();
  if (change.record.state == MachineState::kUpdating) {
    change.record.restarts = 0;
    begun = HasLiveBoot(record)
                ? book_.Begin(change, found->operation, EndOrder(record, OperationKind::kUpdate, {}))
                : book_.Begin(change, found->operation, {.kind = OperationKind::kUpdate, .step = OperationStep::kLaunch});
  }
  if (!begun.ok()) return begun;
  table_.Answering(change, guard.request);
  return operations_.Commit(change);
}

Supervisor::Result Supervisor::Destroy(const std::string& id, const Guard& guard, bool force) {
  absl::MutexLock lock(&table_.LockOf(id));
  absl::StatusOr<Found> found = Find(id, guard);
  if (!found.ok()) return found.status();
  const MachineState state = found->record.state;
  if (found->answered || state == MachineState::kDestroyed || state == MachineState::kDestroying) {
    return AsItIs(*found, guard);
  }
  const MachineEvent event = force ? MachineEvent::kKill : MachineEvent::kDestroy;
  const bool live = HasLiveBoot(found->record);
  if ((live && !force) || !Next(state, event).has_value()) {
    return WrongState(found->record, "it stopped, or force");
  }
  boots_.registry().Fence(id);
  return Order(*std::move(found), guard, event, "destroy",
               {.kind = OperationKind::kDestroy, .step = live ? OperationStep::kKill : OperationStep::kRemove});
}

Supervisor::Result Supervisor::Signal(const std::string& id, const Guard& guard, int signal) {
  Record record;
  {
    absl::MutexLock lock(&table_.LockOf(id));
    absl::StatusOr<Found> found = Find(id, guard);
    if (!found.ok()) return found.status();
    if (found->answered) return found->record;
    if (found->record.state != MachineState::kStarted) return WrongState(found->record, "started");
    storage::MachineChange change = table_.ChangeOf(found->record, "signal", "user", absl::StrCat(signal));
    table_.Answering(change, guard.request);
    Result committed = operations_.Commit(change);
    if (!committed.ok()) return committed;
    record = *std::move(committed);
  }
  if (absl::Status sent = parts_.runtime.Signal(id, record.boot->boot_id, signal); !sent.ok()) return sent;
  return record;
}

absl::Status Supervisor::Renew(const std::string& bytes) {
  const absl::StatusOr<tokensvc::VerifiedPlacement> verified = placement_check_.Check(bytes, parts_.clock.Now());
  if (!verified.ok()) return verified.status();
  const tokensvc::Placement& placement = verified->placement();
  const std::string& id = placement.identity.machine_id;
  absl::MutexLock lock(&table_.LockOf(id));
  absl::StatusOr<Record> record = parts_.store.Get(id);
  if (!record.ok()) return OfMachine(record.status(), id);
  if (absl::Status same = CheckSameMachine(*record, placement); !same.ok()) return same;
  const auto takes = [&](storage::MachineVersion& version) {
    if (version.version != placement.identity.machine_version) return false;
    version.placement_sha256 = verified->sha256();
    return true;
  };
  const bool desired = takes(record->desired);
  const bool booted = record->boot.has_value() && takes(record->boot->version);
  if (!desired && !booted) {
    return absl::FailedPreconditionError(
        absl::StrCat("machine ", id, ": no version ", placement.identity.machine_version, ", want one that stands"));
  }
  storage::MachineChange change = table_.ChangeOf(*record, "placement_renewed", "user", "");
  change.placements = {{verified->sha256(), bytes}};
  if (Result renewed = operations_.Commit(change); !renewed.ok()) return renewed.status();
  if (booted) {
    boots_.registry().Amend(id, [&](BootView& view) {
      view.placement = bytes;
      view.placement_sha256 = verified->sha256();
    });
  }
  return absl::OkStatus();
}

void Supervisor::ShowMetadata(const Record& record) {
  boots_.registry().Amend(record.id, [&record](BootView& view) { view.metadata = record.metadata; });
}

absl::StatusOr<uint64_t> Supervisor::Await(const std::string& id, MachineWish wish, MachineWaiters::Done done) {
  // First the wait, then the look: a commit in between is not missed.
  absl::StatusOr<uint64_t> ticket = table_.waiters().Add(id, std::move(wish), std::move(done));
  if (!ticket.ok()) return ticket;
  const Result record = parts_.store.Get(id);
  if (!record.ok()) {
    table_.waiters().Remove(*ticket);
    return OfMachine(record.status(), id);
  }
  table_.waiters().Tell(*record);
  return ticket;
}

void Supervisor::EndAwait(uint64_t ticket) { table_.waiters().Remove(ticket); }

absl::StatusOr<ExecResult> Supervisor::Exec(const std::string& id, const ExecRequest& request) {
  const absl::StatusOr<Record> record = parts_.store.Get(id);
  if (!record.ok()) return OfMachine(record.status(), id);
  if (record->state != MachineState::kStarted) return WrongState(*record, "started");
  return parts_.control.Exec(id, record->boot->boot_id, request);
}

absl::StatusOr<std::shared_ptr<const BootView>> Supervisor::BootOf(absl::string_view machine_id, BootUse use) {
  return use == BootUse::kMint ? boots_.registry().Present(machine_id) : boots_.registry().Last(machine_id);
}

absl::Status Supervisor::Release(const BootView& view, absl::FunctionRef<void()> write) {
  return boots_.registry().Release(view, write);
}

absl::StatusOr<std::string> Supervisor::TakeBootAnswer(absl::string_view machine_id) {
  return boots_.TakeAnswer(machine_id);
}

absl::Status Supervisor::ReportFromInit(const BootView& view, absl::string_view type, absl::string_view detail) {
  return operations_.OnReport(view, type, detail);
}

absl::Status Supervisor::ReportEndFromInit(const BootView& view, const BootExit& end) {
  return operations_.OnEndReport(view, end);
}

}  // namespace flyd
