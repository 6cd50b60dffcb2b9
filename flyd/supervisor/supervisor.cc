// The control plane's side: what is ordered, committed, answered. What follows from it is in supervisor_boots.cc.
#include "flyd/supervisor/supervisor.h"

#include <csignal>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "flyd/supervisor/boot_answer_codec.h"
#include "flyd/supervisor/machine_refusals.h"
#include "tokensvc/rpc/error_details.h"

namespace flyd {
namespace {

// How long a request id keeps its answer.
constexpr absl::Duration kAnswerLifetime = absl::Hours(24);
constexpr int kEffectThreads = 4;

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

}  // namespace

Supervisor::Supervisor(SupervisorParts parts, WorkerIdentity identity)
    : parts_(std::move(parts)),
      identity_(std::move(identity)),
      placement_check_(identity_.worker, identity_.placement_keys),
      executor_(kEffectThreads, parts_.clock) {}

Supervisor::~Supervisor() { executor_.Stop(); }

absl::Mutex& Supervisor::LockOf(absl::string_view id) { return locks_[absl::HashOf(id) % kStripes]; }

void Supervisor::Note(absl::string_view event, absl::string_view machine_id, absl::string_view detail) const {
  parts_.log(event, machine_id, detail);
}

absl::StatusOr<std::optional<Supervisor::Record>> Supervisor::Repeated(const RequestKey& request) {
  if (request.id.empty()) return std::nullopt;
  const absl::StatusOr<storage::RequestAnswer> answer = parts_.store.GetAnswer(request.id);
  if (absl::IsNotFound(answer.status())) return std::nullopt;
  if (!answer.ok()) return answer.status();
  if (answer->expires_at <= parts_.clock.Now()) return std::nullopt;
  if (answer->request_sha256 != request.sha256) {
    return tokensvc::WithReason(
        absl::InvalidArgumentError(
            absl::StrCat("request_id ", request.id, ": used for another request, want a new id for each")),
        "REQUEST_ID_REUSED");
  }
  absl::StatusOr<Record> record = parts_.store.Get(answer->answer);
  if (!record.ok()) return record.status();
  return *std::move(record);
}

storage::MachineChange Supervisor::ChangeOf(const Record& record, absl::string_view event, absl::string_view source,
                                            absl::string_view detail) const {
  storage::MachineChange change{.record = record, .expected_revision = record.revision};
  change.record.updated_at = parts_.clock.Now();
  change.events.push_back({.type = std::string(event),
                           .state = record.state,
                           .source = std::string(source),
                           .at = change.record.updated_at,
                           .detail = std::string(detail)});
  return change;
}

void Supervisor::Answering(storage::MachineChange& change, const RequestKey& request) const {
  if (request.id.empty()) return;
  change.answer = {request.id,
                   {.request_sha256 = request.sha256,
                    .answer = change.record.id,
                    .expires_at = parts_.clock.Now() + kAnswerLifetime}};
}

Supervisor::Result Supervisor::CommitChange(storage::MachineChange change) {
  Result committed = parts_.store.Commit(change);
  if (committed.ok()) waiters_.Tell(*committed);
  return committed;
}

Supervisor::Result Supervisor::Find(const std::string& id) const {
  Result record = parts_.store.Get(id);
  if (!record.ok()) return OfMachine(record.status(), id);
  return record;
}

Supervisor::Result Supervisor::FindAt(const std::string& id, uint64_t expected_revision) const {
  Result record = Find(id);
  if (record.ok() && expected_revision != 0 && record->revision != expected_revision) {
    return WrongRevision(*record, expected_revision);
  }
  return record;
}

absl::Status Supervisor::CheckMay(const Record& record, MachineEvent event) {
  if (Next(record.state, event).has_value()) return absl::OkStatus();
  return WrongState(record, "a state in which this can be done");
}

Supervisor::Result Supervisor::Move(Record record, MachineEvent event, absl::string_view type,
                                    const RequestKey& request) {
  record.state = *Next(record.state, event);
  storage::MachineChange change = ChangeOf(record, type, "user", "");
  change.operation = storage::OperationRecord{.id = tokensvc::NewUlid(parts_.ids, parts_.clock.Now()),
                                              .kind = std::string(type),
                                              .step = "committed",
                                              .created_at = parts_.clock.Now()};
  Answering(change, request);
  return CommitChange(std::move(change));
}

absl::StatusOr<tokensvc::VerifiedPlacement> Supervisor::CheckedPlacement(const std::string& bytes) {
  return placement_check_.Check(bytes, parts_.clock.Now());
}

Supervisor::Result Supervisor::Create(const CreateMachine& request) {
  const absl::StatusOr<tokensvc::VerifiedPlacement> verified = CheckedPlacement(request.placement);
  if (!verified.ok()) return verified.status();
  const tokensvc::Placement& placement = verified->placement();
  absl::MutexLock lock(&LockOf(placement.identity.machine_id));
  const absl::StatusOr<std::optional<Record>> repeated = Repeated(request.request);
  if (!repeated.ok()) return repeated.status();
  if (repeated->has_value()) return **repeated;
  if (const std::string& id = placement.identity.machine_id; parts_.store.Get(id).ok()) {
    return OfMachine(absl::AlreadyExistsError(absl::StrCat("machine ", id, ": known here already, want a new one")), id);
  }
  Record record{.id = placement.identity.machine_id,
                .name = placement.identity.machine_name,
                .organization_id = placement.identity.organization_id,
                .organization_slug = placement.identity.organization_slug,
                .app_id = placement.identity.app_id,
                .app_name = placement.identity.app_name,
                .region = placement.identity.region,
                .worker = placement.worker,
                .generation = placement.generation,
                .state = MachineState::kCreated,
                .desired = VersionOf(*verified, request.config),
                .created_at = parts_.clock.Now()};
  storage::MachineChange change = ChangeOf(record, "launch", "user", "");
  change.placements = {{verified->sha256(), request.placement}};
  if (request.start) {
    // Created and started in one commit: a crash between the two would leave a machine that nobody asked for so.
    if (absl::Status status = BeginBoot(change.record); !status.ok()) return status;
    change.events.push_back({.type = "start", .state = change.record.state, .source = "user", .at = record.created_at});
    change.operation = storage::OperationRecord{.id = tokensvc::NewUlid(parts_.ids, record.created_at),
                                                .kind = "start",
                                                .step = "committed",
                                                .created_at = record.created_at};
  }
  Answering(change, request.request);
  Result created = CommitChange(std::move(change));
  if (created.ok() && request.start) LaunchBoot(*created);
  return created;
}

Supervisor::Result Supervisor::Start(const std::string& id, const RequestKey& request, uint64_t expected_revision) {
  absl::MutexLock lock(&LockOf(id));
  const absl::StatusOr<std::optional<Record>> repeated = Repeated(request);
  if (!repeated.ok()) return repeated.status();
  if (repeated->has_value()) return **repeated;
  absl::StatusOr<Record> record = FindAt(id, expected_revision);
  if (!record.ok()) return record.status();
  if (record->state == MachineState::kStarting || record->state == MachineState::kStarted) return record;
  if (absl::Status may = CheckMay(*record, MachineEvent::kStart); !may.ok()) return may;
  const MachineState before = record->state;
  if (absl::Status status = BeginBoot(*record); !status.ok()) return status;
  record->state = before;
  Result started = Move(*std::move(record), MachineEvent::kStart, "start", request);
  if (started.ok()) LaunchBoot(*started);
  return started;
}

Supervisor::Result Supervisor::Stop(const StopMachine& request) {
  absl::MutexLock lock(&LockOf(request.id));
  const absl::StatusOr<std::optional<Record>> repeated = Repeated(request.request);
  if (!repeated.ok()) return repeated.status();
  if (repeated->has_value()) return **repeated;
  absl::StatusOr<Record> record = FindAt(request.id, request.expected_revision);
  if (!record.ok()) return record.status();
  if (record->state == MachineState::kStopping || record->state == MachineState::kStopped) return record;
  if (absl::Status may = CheckMay(*record, MachineEvent::kStop); !may.ok()) return may;
  // Before the stop becomes visible: whatever was asked for up to here is not written any more.
  registry_.Fence(request.id);
  Result stopping = Move(*std::move(record), MachineEvent::kStop, "stop", request.request);
  if (!stopping.ok()) return stopping;
  const StopSettings settings = StopSettingsOf(stopping->boot->version.config);
  EndBoot(*stopping, request.signal != 0 ? request.signal : settings.signal, request.timeout.value_or(settings.timeout));
  return stopping;
}

Supervisor::Result Supervisor::Update(const UpdateMachine& request) {
  const absl::StatusOr<tokensvc::VerifiedPlacement> verified = CheckedPlacement(request.placement);
  if (!verified.ok()) return verified.status();
  absl::MutexLock lock(&LockOf(request.id));
  const absl::StatusOr<std::optional<Record>> repeated = Repeated(request.request);
  if (!repeated.ok()) return repeated.status();
  if (repeated->has_value()) return **repeated;
  absl::StatusOr<Record> record = FindAt(request.id, request.expected_revision);
  if (!record.ok()) return record.status();
  if (absl::Status may = CheckMay(*record, MachineEvent::kUpdate); !may.ok()) return may;
  if (absl::Status same = CheckSameMachine(*record, verified->placement()); !same.ok()) return same;
  if (!request.current_version.empty() && request.current_version != record->desired.version) {
    return WrongVersion(*record, request.current_version);
  }
  if (verified->placement().identity.machine_version == record->desired.version) {
    return absl::InvalidArgumentError(
        absl::StrCat("placement version: ", record->desired.version, " stands already, want a new one"));
  }
  // The old boot goes on minting, as what it is, until it has ended; what it asked for before is not written any more.
  registry_.Renew(request.id);
  const bool running = HasLiveBoot(record->state);
  record->desired = VersionOf(*verified, request.config);
  record->generation = verified->placement().generation;
  record->state = *Next(record->state, MachineEvent::kUpdate);
  storage::MachineChange change = ChangeOf(*record, "update", "user", record->desired.version);
  change.placements = {{verified->sha256(), request.placement}};
  if (running) {
    change.operation = storage::OperationRecord{.id = tokensvc::NewUlid(parts_.ids, parts_.clock.Now()),
                                                .kind = "update",
                                                .step = "committed",
                                                .created_at = parts_.clock.Now()};
  }
  Answering(change, request.request);
  Result updated = CommitChange(std::move(change));
  if (!updated.ok() || !running) return updated;
  const StopSettings settings = StopSettingsOf(updated->boot->version.config);
  EndBoot(*updated, settings.signal, settings.timeout);
  return updated;
}

Supervisor::Result Supervisor::Destroy(const std::string& id, const RequestKey& request, bool force) {
  absl::MutexLock lock(&LockOf(id));
  const absl::StatusOr<std::optional<Record>> repeated = Repeated(request);
  if (!repeated.ok()) return repeated.status();
  if (repeated->has_value()) return **repeated;
  absl::StatusOr<Record> record = Find(id);
  if (!record.ok()) return record.status();
  if (record->state == MachineState::kDestroyed || record->state == MachineState::kDestroying) return record;
  if (HasLiveBoot(record->state) && !force) return WrongState(*record, "it stopped, or force");
  const bool running = HasLiveBoot(record->state);
  registry_.Fence(id);
  Result destroying =
      Move(*std::move(record), force ? MachineEvent::kKill : MachineEvent::kDestroy, "destroy", request);
  if (!destroying.ok()) return destroying;
  if (running) {
    EndBoot(*destroying, SIGKILL, absl::ZeroDuration());
  } else {
    executor_.Run([this, id] { FinishDestroy(id); });
  }
  return destroying;
}

absl::Status Supervisor::Renew(const std::string& bytes) {
  const absl::StatusOr<tokensvc::VerifiedPlacement> verified = CheckedPlacement(bytes);
  if (!verified.ok()) return verified.status();
  const tokensvc::Placement& placement = verified->placement();
  const std::string& id = placement.identity.machine_id;
  absl::MutexLock lock(&LockOf(id));
  absl::StatusOr<Record> record = Find(id);
  if (!record.ok()) return record.status();
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
  storage::MachineChange change = ChangeOf(*record, "placement_renewed", "user", "");
  change.placements = {{verified->sha256(), bytes}};
  if (Result renewed = CommitChange(std::move(change)); !renewed.ok()) return renewed.status();
  if (booted) {
    registry_.Amend(id, [&](BootView& view) {
      view.placement = bytes;
      view.placement_sha256 = verified->sha256();
    });
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Supervisor::Await(const std::string& id, MachineWish wish, MachineWaiters::Done done) {
  // First the wait, then the look: a commit in between is not missed.
  absl::StatusOr<uint64_t> ticket = waiters_.Add(id, std::move(wish), std::move(done));
  if (!ticket.ok()) return ticket;
  const Result record = Find(id);
  if (!record.ok()) {
    waiters_.Remove(*ticket);
    return record.status();
  }
  waiters_.Tell(*record);
  return ticket;
}

void Supervisor::EndAwait(uint64_t ticket) { waiters_.Remove(ticket); }

absl::StatusOr<ExecResult> Supervisor::Exec(const std::string& id, const ExecRequest& request) {
  const absl::StatusOr<Record> record = Find(id);
  if (!record.ok()) return record.status();
  if (record->state != MachineState::kStarted) return WrongState(*record, "started");
  return parts_.runtime.Exec(id, record->boot->boot_id, request);
}

}  // namespace flyd
