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
#include "flyd/control/wait_reactor.h"
#include "flyd/supervisor/machine_refusals.h"
#include "proto/machines/v1/machines.grpc.pb.h"
#include "tokensvc/placement/placement.h"
#include "tokensvc/rpc/to_grpc_status.h"

namespace flyd {
namespace {

namespace pb = fly::machines::v1;

constexpr size_t kScanPage = 1000;
// Each holds a thread of the server: a follower for as long as it likes, an exec for as long as its program runs.
constexpr int kMostLogStreams = 256;
constexpr int kMostExecs = 128;
constexpr int kMostRenewals = 1000;

grpc::Status Refused(const absl::Status& status) { return tokensvc::ToGrpcStatus(status, kMachinesDomain); }

class MachinesService final : public pb::Machines::WithCallbackMethod_WaitMachine<pb::Machines::Service> {
 public:
  MachinesService(Supervisor& supervisor, const storage::MachineStore& store, std::string run_dir)
      : supervisor_(supervisor), store_(store), run_dir_(std::move(run_dir)) {}

  grpc::Status CreateMachine(grpc::ServerContext*, const pb::CreateMachineRequest* request, pb::Machine* out) override {
    const absl::StatusOr<struct CreateMachine> create = ParseCreate(*request);
    if (!create.ok()) return Refused(create.status());
    return Answer(supervisor_.Create(*create), *out);
  }

  grpc::Status GetMachine(grpc::ServerContext*, const pb::GetMachineRequest* request, pb::Machine* out) override {
    return Answer(Find(request->id()), *out);
  }

  grpc::Status ListMachines(grpc::ServerContext*, const pb::ListMachinesRequest* request,
                            pb::ListMachinesResponse* out) override {
    const absl::StatusOr<size_t> page_size = ParsePageSize(request->page_size());
    if (!page_size.ok()) return Refused(page_size.status());
    std::string after = request->page_token();
    while (static_cast<size_t>(out->machines_size()) < *page_size) {
      const auto page = store_.List(after, kScanPage);
      if (!page.ok()) return Refused(page.status());
      for (const storage::MachineRecord& record : *page) {
        if (static_cast<size_t>(out->machines_size()) == *page_size) break;
        after = record.id;
        if (Matches(record, *request)) ToProto(record, store_.incarnation(), *out->add_machines());
      }
      if (page->size() < kScanPage && (page->empty() || after == page->back().id)) {
        after.clear();
        break;
      }
    }
    out->set_next_page_token(after);
    out->set_store_incarnation(store_.incarnation());
    return grpc::Status::OK;
  }

  grpc::Status StartMachine(grpc::ServerContext*, const pb::StartMachineRequest* request, pb::Machine* out) override {
    const absl::StatusOr<RequestKey> key = ParseRequestKey(request->request_id(), *request);
    if (!key.ok()) return Refused(key.status());
    return Answer(supervisor_.Start(request->id(), *key, request->expected_revision()), *out);
  }

  grpc::Status StopMachine(grpc::ServerContext*, const pb::StopMachineRequest* request, pb::Machine* out) override {
    const absl::StatusOr<struct StopMachine> stop = ParseStop(*request);
    if (!stop.ok()) return Refused(stop.status());
    return Answer(supervisor_.Stop(*stop), *out);
  }

  grpc::Status UpdateMachine(grpc::ServerContext*, const pb::UpdateMachineRequest* request, pb::Machine* out) override {
    const absl::StatusOr<struct UpdateMachine> update = ParseUpdate(*request);
    if (!update.ok()) return Refused(update.status());
    return Answer(supervisor_.Update(*update), *out);
  }

  grpc::Status DestroyMachine(grpc::ServerContext*, const pb::DestroyMachineRequest* request, pb::Machine* out) override {
    const absl::StatusOr<RequestKey> key = ParseRequestKey(request->request_id(), *request);
    if (!key.ok()) return Refused(key.status());
    return Answer(supervisor_.Destroy(request->id(), *key, request->force()), *out);
  }

  grpc::ServerUnaryReactor* WaitMachine(grpc::CallbackServerContext*, const pb::WaitMachineRequest* request,
                                        pb::Machine* out) override {
    const absl::StatusOr<WaitParams> wait = ParseWait(*request);
    if (!wait.ok()) return RefuseWait(Refused(wait.status()));
    return StartWait(supervisor_, store_.incarnation(), wait->id, wait->wish, wait->timeout, out);
  }

  grpc::Status RenewPlacements(grpc::ServerContext*, const pb::RenewPlacementsRequest* request,
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
    return grpc::Status::OK;
  }

  grpc::Status ListEvents(grpc::ServerContext*, const pb::ListEventsRequest* request, pb::ListEventsResponse* out) override {
    const absl::StatusOr<size_t> page_size = ParsePageSize(request->page_size());
    if (!page_size.ok()) return Refused(page_size.status());
    if (const auto known = Find(request->id()); !known.ok()) return Refused(known.status());
    const auto events = store_.Events(request->id(), request->after_sequence(), *page_size);
    if (!events.ok()) return Refused(events.status());
    for (const storage::EventRecord& event : *events) ToProto(event, *out->add_events());
    return grpc::Status::OK;
  }

  grpc::Status ExecMachine(grpc::ServerContext*, const pb::ExecMachineRequest* request, pb::ExecMachineResponse* out) override {
    const absl::StatusOr<ExecRequest> exec = ParseExec(*request);
    if (!exec.ok()) return Refused(exec.status());
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
    return grpc::Status::OK;
  }

  grpc::Status StreamLogs(grpc::ServerContext* context, const pb::StreamLogsRequest* request,
                          grpc::ServerWriter<pb::LogChunk>* writer) override {
    absl::Status full;
    const auto slot = log_streams_.Take(full);
    if (!full.ok()) return Refused(full);
    absl::StatusOr<storage::MachineRecord> record = Find(request->id());
    if (!record.ok()) return Refused(record.status());
    if (!record->boot.has_value()) {
      return Refused(absl::FailedPreconditionError(absl::StrCat("machine ", record->id, ": never started, want a boot")));
    }
    const std::string boot_id = record->boot->boot_id;
    const std::string folder = absl::StrCat(run_dir_, "/m/", record->id, "/b/", boot_id);
    LogFollower out(folder + "/stdout.log");
    LogFollower err(folder + "/stderr.log");
    while (!context->IsCancelled()) {
      // Asked before reading: what was written before the end is read after it.
      record = store_.Get(request->id());
      const bool ended = !record.ok() || record->boot->boot_id != boot_id || record->boot->exit.has_value();
      const bool wrote_out = PassOn(out, pb::LogChunk::STDOUT, *writer);
      const bool wrote_err = PassOn(err, pb::LogChunk::STDERR, *writer);
      if (wrote_out || wrote_err) continue;
      if (ended || !request->follow()) return grpc::Status::OK;
      poll(nullptr, 0, kFollowMillis);
    }
    return grpc::Status::CANCELLED;
  }

 private:
  static constexpr int kFollowMillis = 20;

  absl::StatusOr<storage::MachineRecord> Find(const std::string& id) const {
    absl::StatusOr<storage::MachineRecord> record = store_.Get(id);
    if (!record.ok()) return OfMachine(record.status(), id);
    return record;
  }

  grpc::Status Answer(const absl::StatusOr<storage::MachineRecord>& record, pb::Machine& out) const {
    if (!record.ok()) return Refused(record.status());
    ToProto(*record, store_.incarnation(), out);
    return grpc::Status::OK;
  }

  static bool Matches(const storage::MachineRecord& record, const pb::ListMachinesRequest& request) {
    if (record.state == MachineState::kDestroyed && !request.include_destroyed()) return false;
    if (!request.app_name().empty() && record.app_name != request.app_name()) return false;
    return request.organization_slug().empty() || record.organization_slug == request.organization_slug();
  }

  static bool PassOn(LogFollower& log, pb::LogChunk::Stream stream, grpc::ServerWriter<pb::LogChunk>& writer) {
    pb::LogChunk chunk;
    chunk.set_stream(stream);
    chunk.set_data(log.ReadMore());
    return !chunk.data().empty() && writer.Write(chunk);
  }

  Supervisor& supervisor_;
  const storage::MachineStore& store_;
  const std::string run_dir_;
  CallSlots log_streams_{"log streams", kMostLogStreams};
  CallSlots execs_{"execs", kMostExecs};
};

}  // namespace

std::unique_ptr<grpc::Service> MakeMachinesService(Supervisor& supervisor, const storage::MachineStore& store,
                                                   std::string run_dir) {
  return std::make_unique<MachinesService>(supervisor, store, std::move(run_dir));
}

}  // namespace flyd
