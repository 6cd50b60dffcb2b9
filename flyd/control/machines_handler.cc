#include "flyd/control/machines_handler.h"

#include <grpcpp/grpcpp.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "flyd/control/call_slots.h"
#include "flyd/control/log_follower.h"
#include "flyd/control/machine_codec.h"
#include "flyd/control/machines_domain.h"
#include "flyd/control/parse_machine_requests.h"
#include "flyd/control/report_boot.h"
#include "flyd/control/wait_reactor.h"
#include "flyd/control/watch_feed.h"
#include "flyd/supervisor/machine_refusals.h"
#include "proto/machines/v1/machines.grpc.pb.h"
#include "tokensvc/placement/placement.h"
#include "tokensvc/rpc/to_grpc_status.h"

namespace flyd {
namespace {

namespace pb = fly::machines::v1;
using grpc::ServerContext;
using grpc::Status;
using storage::MachineRecord;

constexpr size_t kScanPage = 1000;
constexpr int kFollowMillis = 20;
// Each holds a thread of the server: a follower for as long as it likes, an exec for as long as its program runs.
constexpr int kMostFollowers = 256;
constexpr int kMostExecs = 128;
constexpr int kMostRenewals = 1000;

Status Refused(const absl::Status& status) { return tokensvc::ToGrpcStatus(status, kMachinesDomain); }

bool Matches(const MachineRecord& record, const pb::ListMachinesRequest& request) {
  if (record.state == MachineState::kDestroyed && !request.include_destroyed()) return false;
  if (!request.app_name().empty() && record.app_name != request.app_name()) return false;
  if (!request.region().empty() && record.region != request.region()) return false;
  const auto state = static_cast<int>(record.state);
  if (request.states_size() > 0 && std::find(request.states().begin(), request.states().end(), state) == request.states().end()) {
    return false;
  }
  for (const auto& [key, value] : request.metadata()) {
    const auto found = record.metadata.find(key);
    if (found == record.metadata.end() || found->second != value) return false;
  }
  return request.organization_slug().empty() || record.organization_slug == request.organization_slug();
}

bool PassOn(LogFollower& log, pb::LogChunk::Stream stream, grpc::ServerWriter<pb::LogChunk>& writer) {
  pb::LogChunk chunk;
  chunk.set_stream(stream);
  chunk.set_data(log.ReadMore());
  return !chunk.data().empty() && writer.Write(chunk);
}

class MachinesService final : public pb::Machines::WithCallbackMethod_WaitMachine<pb::Machines::Service> {
 public:
  explicit MachinesService(MachinesParts parts) : parts_(std::move(parts)), supervisor_(parts_.supervisor) {}

  Status CreateMachine(ServerContext*, const pb::CreateMachineRequest* request, pb::Machine* out) override {
    const absl::StatusOr<struct CreateMachine> create = ParseCreate(*request);
    if (!create.ok()) return Refused(create.status());
    if (absl::Status limits = CheckLimits(request->config(), parts_.bounds); !limits.ok()) return Refused(limits);
    return Answer(supervisor_.Create(*create), *out);
  }

  Status GetMachine(ServerContext*, const pb::GetMachineRequest* request, pb::Machine* out) override {
    return Answer(Find(request->id()), *out);
  }

  Status ListMachines(ServerContext*, const pb::ListMachinesRequest* request, pb::ListMachinesResponse* out) override {
    const absl::StatusOr<size_t> page_size = ParsePageSize(request->page_size());
    if (!page_size.ok()) return Refused(page_size.status());
    out->set_watch_from(parts_.history.feed_range().last);
    std::string after = request->page_token();
    while (static_cast<size_t>(out->machines_size()) < *page_size) {
      const auto page = parts_.store.List(after, kScanPage);
      if (!page.ok()) return Refused(page.status());
      for (const MachineRecord& record : *page) {
        if (static_cast<size_t>(out->machines_size()) == *page_size) break;
        after = record.id;
        if (Matches(record, *request)) Show(record, *out->add_machines());
      }
      if (page->size() < kScanPage && (page->empty() || after == page->back().id)) {
        after.clear();
        break;
      }
    }
    out->set_next_page_token(after);
    out->set_store_incarnation(parts_.store.incarnation());
    return Status::OK;
  }

  Status StartMachine(ServerContext*, const pb::StartMachineRequest* request, pb::Machine* out) override {
    const absl::StatusOr<Guard> guard = ParseGuard(*request);
    if (!guard.ok()) return Refused(guard.status());
    return Answer(supervisor_.Start(request->id(), *guard), *out);
  }

  Status StopMachine(ServerContext*, const pb::StopMachineRequest* request, pb::Machine* out) override {
    return End(*request, &Supervisor::Stop, *out);
  }

  Status RestartMachine(ServerContext*, const pb::RestartMachineRequest* request, pb::Machine* out) override {
    return End(*request, &Supervisor::Restart, *out);
  }

  Status SuspendMachine(ServerContext*, const pb::SuspendMachineRequest* request, pb::Machine* out) override {
    const absl::StatusOr<Guard> guard = ParseGuard(*request);
    if (!guard.ok()) return Refused(guard.status());
    return Answer(supervisor_.Suspend(request->id(), *guard), *out);
  }

  Status UpdateMachine(ServerContext*, const pb::UpdateMachineRequest* request, pb::Machine* out) override {
    const absl::StatusOr<Guard> guard = ParseGuard(*request);
    if (!guard.ok()) return Refused(guard.status());
    const absl::StatusOr<struct UpdateMachine> update = ParseUpdate(*request);
    if (!update.ok()) return Refused(update.status());
    if (absl::Status limits = CheckLimits(request->config(), parts_.bounds); !limits.ok()) return Refused(limits);
    return Answer(supervisor_.Update(request->id(), *guard, *update), *out);
  }

  Status DestroyMachine(ServerContext*, const pb::DestroyMachineRequest* request, pb::Machine* out) override {
    const absl::StatusOr<Guard> guard = ParseGuard(*request);
    if (!guard.ok()) return Refused(guard.status());
    return Answer(supervisor_.Destroy(request->id(), *guard, request->force()), *out);
  }

  Status SignalMachine(ServerContext*, const pb::SignalMachineRequest* request, pb::Machine* out) override {
    const absl::StatusOr<Guard> guard = ParseGuard(*request);
    if (!guard.ok()) return Refused(guard.status());
    const absl::StatusOr<int> signal = ParseSignal(request->signal());
    if (!signal.ok()) return Refused(signal.status());
    return Answer(supervisor_.Signal(request->id(), *guard, *signal), *out);
  }

  grpc::ServerUnaryReactor* WaitMachine(grpc::CallbackServerContext*, const pb::WaitMachineRequest* request,
                                        pb::Machine* out) override {
    const absl::StatusOr<WaitParams> wait = ParseWait(*request);
    if (!wait.ok()) return RefuseWait(Refused(wait.status()));
    return StartWait(supervisor_, parts_.store.incarnation(), wait->id, wait->wish, wait->timeout, out);
  }

  Status RenewPlacements(ServerContext*, const pb::RenewPlacementsRequest* request,
                         pb::RenewPlacementsResponse* out) override {
    if (request->placements_size() > kMostRenewals) {
      return Refused(absl::InvalidArgumentError(
          absl::StrCat("placements: ", request->placements_size(), ", want at most ", kMostRenewals)));
    }
    for (const std::string& placement : request->placements()) {
      pb::RenewPlacementsResponse::Result& result = *out->add_results();
      if (const auto decoded = tokensvc::DecodePlacement(placement); decoded.ok()) {
        result.set_machine_id(decoded->placement.identity.machine_id);
        result.set_machine_version(decoded->placement.identity.machine_version);
      }
      result.set_error(std::string(supervisor_.Renew(placement).message()));
    }
    return Status::OK;
  }

  Status ListEvents(ServerContext*, const pb::ListEventsRequest* request, pb::ListEventsResponse* out) override {
    const absl::StatusOr<size_t> page_size = ParsePageSize(request->page_size());
    if (!page_size.ok()) return Refused(page_size.status());
    if (const auto known = Find(request->id()); !known.ok()) return Refused(known.status());
    const auto events = parts_.history.Events(request->id(), request->after_sequence(), *page_size);
    if (!events.ok()) return Refused(events.status());
    for (const storage::EventRecord& event : *events) ToProto(event, *out->add_events());
    return Status::OK;
  }

  Status WatchMachines(ServerContext* context, const pb::WatchMachinesRequest* request,
                       grpc::ServerWriter<pb::WatchMachinesResponse>* writer) override {
    absl::Status full;
    const auto slot = followers_.Take(full);
    if (!full.ok()) return Refused(full);
    return Refused(WatchFeed({supervisor_.table(), parts_.store, parts_.history}, *request,
                             [context] { return context->IsCancelled(); },
                             [writer](const pb::WatchMachinesResponse& response) { return writer->Write(response); }));
  }

  Status ExecMachine(ServerContext* context, const pb::ExecMachineRequest* request, pb::ExecMachineResponse* out) override {
    absl::StatusOr<ExecRequest> exec = ParseExec(*request);
    if (!exec.ok()) return Refused(exec.status());
    exec->is_given_up = [context] { return context->IsCancelled(); };
    absl::Status full;
    const auto slot = execs_.Take(full);
    if (!full.ok()) return Refused(full);
    absl::StatusOr<ExecResult> result = supervisor_.Exec(request->id(), *exec);
    if (!result.ok()) return Refused(result.status());
    out->set_exit_code(result->exit_code);
    out->set_signal(result->signal);
    out->set_stdout(std::move(result->stdout_bytes));
    out->set_stderr(std::move(result->stderr_bytes));
    out->set_truncated(result->truncated);
    return Status::OK;
  }

  Status StreamLogs(ServerContext* context, const pb::StreamLogsRequest* request,
                    grpc::ServerWriter<pb::LogChunk>* writer) override {
    absl::Status full;
    const auto slot = followers_.Take(full);
    if (!full.ok()) return Refused(full);
    absl::StatusOr<MachineRecord> record = Find(request->id());
    if (!record.ok()) return Refused(record.status());
    if (!record->boot.has_value()) {
      return Refused(absl::FailedPreconditionError(absl::StrCat("machine ", record->id, ": never started, want a boot")));
    }
    const std::string boot_id = record->boot->boot_id;
    const std::string folder = absl::StrCat(parts_.run_dir, "/m/", record->id, "/b/", boot_id);
    LogFollower out(folder + "/stdout.log");
    LogFollower err(folder + "/stderr.log");
    while (!context->IsCancelled()) {
      // Asked before reading: what was written before the end is read after it.
      record = parts_.store.Get(request->id());
      const bool ended = !record.ok() || record->boot->boot_id != boot_id || record->boot->exit.has_value();
      const bool wrote_out = PassOn(out, pb::LogChunk::STDOUT, *writer);
      const bool wrote_err = PassOn(err, pb::LogChunk::STDERR, *writer);
      if (wrote_out || wrote_err) continue;
      if (ended || !request->follow()) {
        return out.has_lost() || err.has_lost()
                   ? Refused(absl::DataLossError("logs: more was written than was read, some is gone; want a faster reader"))
                   : Status::OK;
      }
      poll(nullptr, 0, kFollowMillis);
    }
    return Status::CANCELLED;
  }

  Status ReportBoot(ServerContext*, const pb::ReportBootRequest* request, pb::Machine* out) override {
    return Answer(flyd::ReportBoot(supervisor_, parts_.external, parts_.store, parts_.history, *request, supervisor_.table().clock().Now()), *out);
  }

  Status ListOperations(ServerContext*, const pb::ListOperationsRequest*, pb::ListOperationsResponse* out) override {
    const auto operations = parts_.store.Operations();
    if (!operations.ok()) return Refused(operations.status());
    for (const auto& [machine_id, operation] : *operations) ToProto(machine_id, operation, *out->add_operations());
    return Status::OK;
  }

  Status CancelOperation(ServerContext*, const pb::CancelOperationRequest* request, pb::Machine* out) override {
    return Answer(
        supervisor_.operations().Cancel(request->machine_id(), request->operation_id(), request->lease_nonce()), *out);
  }

  Status AcquireLease(ServerContext*, const pb::AcquireLeaseRequest* request, pb::Lease* out) override {
    const absl::StatusOr<LeaseRequest> lease = ParseLease(*request);
    if (!lease.ok()) return Refused(lease.status());
    if (absl::Status room = parts_.host.HasRoom(); !room.ok()) return Refused(room);
    const absl::StatusOr<MachineRecord> leased = flyd::AcquireLease(supervisor_.table(), parts_.ids, *lease);
    if (!leased.ok()) return Refused(leased.status());
    ToProto(*leased->lease, *out);
    return Status::OK;
  }

  Status ReleaseLease(ServerContext*, const pb::ReleaseLeaseRequest* request, pb::Machine* out) override {
    return Answer(flyd::ReleaseLease(supervisor_.table(), request->id(), request->nonce()), *out);
  }

  Status UpdateMetadata(ServerContext*, const pb::UpdateMetadataRequest* request, pb::Machine* out) override {
    const absl::StatusOr<MetadataChange> change = ParseMetadata(*request);
    if (!change.ok()) return Refused(change.status());
    if (absl::Status room = parts_.host.HasRoom(); !room.ok()) return Refused(room);
    const absl::StatusOr<MachineRecord> changed = ChangeMetadata(supervisor_.table(), *change);
    if (changed.ok()) supervisor_.ShowMetadata(*changed);
    return Answer(changed, *out);
  }

  Status GetWorker(ServerContext*, const pb::GetWorkerRequest*, pb::Worker* out) override { return ShowWorker(*out); }

  Status CordonWorker(ServerContext*, const pb::CordonWorkerRequest* request, pb::Worker* out) override {
    if (absl::Status note = CheckNote("reason", request->reason()); !note.ok()) return Refused(note);
    if (absl::Status cordoned = parts_.host.Cordon(request->reason()); !cordoned.ok()) return Refused(cordoned);
    return ShowWorker(*out);
  }

  Status UncordonWorker(ServerContext*, const pb::UncordonWorkerRequest*, pb::Worker* out) override {
    if (absl::Status uncordoned = parts_.host.Uncordon(); !uncordoned.ok()) return Refused(uncordoned);
    return ShowWorker(*out);
  }

  Status DrainWorker(ServerContext*, const pb::DrainWorkerRequest* request, pb::DrainWorkerResponse* out) override {
    const absl::StatusOr<EndSettings> end = ParseEnd("", request->timeout_seconds());
    if (!end.ok()) return Refused(end.status());
    if (absl::Status note = CheckNote("reason", request->reason()); !note.ok()) return Refused(note);
    if (absl::Status cordoned = parts_.host.Cordon(request->reason()); !cordoned.ok()) return Refused(cordoned);
    return Refused(EachMachine([&](const MachineRecord& record) {
      if (!HasLiveBoot(record) && record.state != MachineState::kRestarting) return;
      // A lease guards against other writers, not against the end of the host.
      const Guard guard{.lease_nonce = record.lease.has_value() ? record.lease->nonce : ""};
      const absl::StatusOr<MachineRecord> stopped = supervisor_.Stop(record.id, guard, *end);
      if (stopped.ok()) {
        out->add_stopping(record.id);
      } else {
        (*out->mutable_errors())[record.id] = std::string(stopped.status().message());
      }
    }));
  }

 private:
  absl::StatusOr<MachineRecord> Find(const std::string& id) const {
    absl::StatusOr<MachineRecord> record = parts_.store.Get(id);
    if (!record.ok()) return OfMachine(record.status(), id);
    return record;
  }

  void Show(const MachineRecord& record, pb::Machine& out) const {
    ToProto(record, parts_.store.incarnation(), out);
    const absl::StatusOr<storage::OperationRecord> operation = parts_.store.GetOperation(record.id);
    if (operation.ok()) ToProto(record.id, *operation, *out.mutable_operation());
  }

  Status Answer(const absl::StatusOr<MachineRecord>& record, pb::Machine& out) const {
    if (!record.ok()) return Refused(record.status());
    Show(*record, out);
    return Status::OK;
  }

  template <typename Request>
  Status End(const Request& request,
             absl::StatusOr<MachineRecord> (Supervisor::*order)(const std::string&, const Guard&, const EndSettings&),
             pb::Machine& out) {
    const absl::StatusOr<Guard> guard = ParseGuard(request);
    if (!guard.ok()) return Refused(guard.status());
    const absl::StatusOr<EndSettings> end = ParseEnd(request.signal(), request.timeout_seconds());
    if (!end.ok()) return Refused(end.status());
    return Answer((supervisor_.*order)(request.id(), *guard, *end), out);
  }

  template <typename Visit>
  absl::Status EachMachine(Visit visit) const {
    std::string after;
    while (true) {
      const auto page = parts_.store.List(after, kScanPage);
      if (!page.ok()) return page.status();
      for (const MachineRecord& record : *page) visit(record);
      if (page->size() < kScanPage) return absl::OkStatus();
      after = page->back().id;
    }
  }

  Status ShowWorker(pb::Worker& out) const {
    const storage::HostRecord host = parts_.host.record();
    const storage::FeedRange feed = parts_.history.feed_range();
    out.set_name(parts_.worker);
    out.set_cordoned(host.cordoned);
    out.set_cordon_reason(host.reason);
    if (host.cordoned) out.set_changed_unix_ms(absl::ToUnixMillis(host.changed_at));
    out.set_operations_in_progress(supervisor_.operations().in_progress());
    out.set_store_incarnation(parts_.store.incarnation());
    out.set_feed_compacted(feed.compacted);
    out.set_feed_last(feed.last);
    if (parts_.bounds.cpus) out.add_limits("cpus");
    if (parts_.bounds.memory) out.add_limits("memory_mb");
    if (parts_.bounds.pids) out.add_limits("pids");
    return Refused(EachMachine([&out](const MachineRecord& record) {
      if (record.state == MachineState::kDestroyed) return;
      out.set_machines(out.machines() + 1);
      if (HasLiveBoot(record)) out.set_running(out.running() + 1);
    }));
  }

  const MachinesParts parts_;
  Supervisor& supervisor_;
  CallSlots followers_{"log and watch streams", kMostFollowers};
  CallSlots execs_{"execs", kMostExecs};
};

}  // namespace

std::unique_ptr<grpc::Service> MakeMachinesService(MachinesParts parts) {
  return std::make_unique<MachinesService>(std::move(parts));
}

}  // namespace flyd
