// Every order in every state of a machine: alone, under somebody's lease, with an old revision or version, and repeated.
#include <grpcpp/grpcpp.h>

#include <array>
#include <chrono>
#include <memory>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "flyd/control/machines_handler.h"
#include "flyd/supervisor/host.h"
#include "flyd/supervisor/supervisor.h"
#include "gtest/gtest.h"
#include "proto/machines/v1/machines.grpc.pb.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/sequential_ids.h"
#include "tests/fakes/test_placement.h"
#include "tests/supervisor/sim_worker.h"
#include "tests/status_matchers.h"
#include "tokensvc/rpc/error_details.h"
#include "tokensvc/rpc/to_grpc_status.h"

namespace tests {
namespace {

namespace pb = fly::machines::v1;
using absl::StatusCode;
using flyd::MachineState;

enum Order { kStart, kStop, kRestart, kSuspend, kUpdate, kDestroy, kForce, kSignal, kMetadata, kOrders };
constexpr std::array<const char*, kOrders> kOrderNames = {"start",   "stop",          "restart", "suspend", "update",
                                                          "destroy", "destroy force", "signal",  "metadata"};

// What an order leads to: at once, and when all that follows has been done. Empty: refused, and nothing changes.
struct Cell {
  absl::string_view at_once;
  absl::string_view settled;
};
constexpr Cell kNo = {"", ""};
constexpr Cell kGone = {"destroying", "destroyed"};
constexpr Cell kHalts = {"stopping", "stopped"};
constexpr Cell kComes = {"starting", "started"};
constexpr Cell kRenews = {"updating", "started"};
constexpr Cell kCycles = {"restarting", "started"};
constexpr Cell kFreezes = {"suspending", "suspended"};
constexpr Cell kHungUp = {"started", "stopped"};  // it takes no notice of SIGHUP but to end
constexpr Cell Stays(absl::string_view state) { return {state, state}; }

struct Row {
  absl::string_view state;
  std::array<Cell, kOrders> cells;
  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.state; }
};

// In the order of kOrderNames.
constexpr Row kTable[] = {
    {"created", {kComes, kNo, kNo, kNo, Stays("created"), kGone, kGone, kNo, Stays("created")}},
    {"starting", {kComes, kHalts, kCycles, kNo, kRenews, kNo, kGone, kNo, kComes}},
    {"started", {Stays("started"), kHalts, kCycles, kFreezes, kRenews, kNo, kGone, kHungUp, Stays("started")}},
    {"stopping", {kNo, kHalts, kNo, kNo, kHalts, kNo, kGone, kNo, kHalts}},
    {"stopped", {kComes, Stays("stopped"), kNo, kNo, Stays("stopped"), kGone, kGone, kNo, Stays("stopped")}},
    {"suspending", {kNo, kHalts, kCycles, kFreezes, kNo, kNo, kGone, kNo, kFreezes}},
    {"suspended", {kComes, kHalts, kCycles, Stays("suspended"), kRenews, kNo, kGone, kNo, Stays("suspended")}},
    {"restarting", {kNo, kHalts, kNo, kNo, kRenews, kNo, kGone, kNo, kCycles}},
    {"updating", {kNo, kHalts, kNo, kNo, kRenews, kNo, kGone, kNo, kRenews}},
    {"failed", {kComes, Stays("stopped"), kNo, kNo, Stays("failed"), kGone, kGone, kNo, Stays("failed")}},
    {"destroying", {kNo, kNo, kNo, kNo, kNo, kGone, kGone, kNo, kGone}},
    {"destroyed", {kNo, kNo, kNo, kNo, kNo, Stays("destroyed"), Stays("destroyed"), kNo, kNo}},
};

// What an order carries besides what it is.
struct Guard {
  uint64_t revision = 0;
  std::string nonce;
  std::string request_id;
  std::string current_version;
  uint32_t timeout = 0;  // makes another request of a stop, or of a restart
};

class OrderTableTest : public testing::TestWithParam<Row> {
 protected:
  OrderTableTest() {
    host_ = *flyd::Host::Open(worker_.store(), clock_, [] { return UINT64_MAX; });
    service_ = flyd::MakeMachinesService({.supervisor = worker_.supervisor(),
                                          .store = worker_.store(),
                                          .history = worker_.store(),
                                          .host = *host_,
                                          .ids = ids_,
                                          .worker = "w1",
                                          .run_dir = folder_.path()});
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = pb::Machines::NewStub(server_->InProcessChannel({}));
  }
  ~OrderTableTest() override { server_->Shutdown(std::chrono::system_clock::now()); }

  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (pb::Machines::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    return tokensvc::FromGrpcStatus((stub_.get()->*method)(&context, request, &response));
  }

  std::string Placement(const std::string& id) {
    tokensvc::Placement placement = ExamplePlacement(key_, clock_.Now());
    placement.identity.machine_id = id;
    placement.identity.machine_name = "m" + id;
    placement.identity.machine_version = absl::StrFormat("01HTGGC1TZ2JHK83J4AC0%05d", ++versions_);
    return SignPlacement(placement, key_);
  }

  // In the row's state, with the effects that follow still to be done.
  std::string MachineIn(absl::string_view state) {
    const std::string id = absl::StrFormat("%014x", ++machines_);
    pb::CreateMachineRequest create;
    create.set_placement(Placement(id));
    create.mutable_config()->add_command("sleep");
    create.set_skip_launch(state == "created");
    pb::Machine machine;
    if (state == "failed") worker_.runtime().RefuseStarts(absl::FailedPreconditionError("no such image"));
    EXPECT_THAT(Call(&pb::Machines::Stub::CreateMachine, create, machine), IsOk());
    if (state != "created" && state != "starting") Settle(id);
    worker_.runtime().RefuseStarts(absl::OkStatus());
    const auto then = [&](Order order, bool settle) {
      EXPECT_THAT(Send(order, id, {}), IsOk());
      if (settle) Settle(id);
    };
    if (state == "stopping" || state == "stopped") then(kStop, state == "stopped");
    if (state == "suspending" || state == "suspended") then(kSuspend, state == "suspended");
    if (state == "restarting") then(kRestart, false);
    if (state == "updating") then(kUpdate, false);
    if (state == "destroying" || state == "destroyed") then(kForce, state == "destroyed");
    EXPECT_EQ(StateOf(id), state);
    return id;
  }

  absl::StatusOr<pb::Machine> Send(Order order, const std::string& id, const Guard& guard) {
    const auto fill = [&](auto request) {
      request.set_id(id);
      request.set_request_id(guard.request_id);
      request.set_expected_revision(guard.revision);
      request.set_lease_nonce(guard.nonce);
      return request;
    };
    using Stub = pb::Machines::Stub;
    pb::Machine machine;
    absl::Status status;
    switch (order) {
      case kStart: status = Call(&Stub::StartMachine, fill(pb::StartMachineRequest()), machine); break;
      case kSuspend: status = Call(&Stub::SuspendMachine, fill(pb::SuspendMachineRequest()), machine); break;
      case kStop: {
        auto request = fill(pb::StopMachineRequest());
        request.set_timeout_seconds(guard.timeout);
        status = Call(&Stub::StopMachine, request, machine);
        break;
      }
      case kRestart: status = Call(&Stub::RestartMachine, fill(pb::RestartMachineRequest()), machine); break;
      case kDestroy: status = Call(&Stub::DestroyMachine, fill(pb::DestroyMachineRequest()), machine); break;
      case kForce: {
        auto request = fill(pb::DestroyMachineRequest());
        request.set_force(true);
        status = Call(&Stub::DestroyMachine, request, machine);
        break;
      }
      case kSignal: {
        auto request = fill(pb::SignalMachineRequest());
        request.set_signal("SIGHUP");
        status = Call(&Stub::SignalMachine, request, machine);
        break;
      }
      case kUpdate: {
        auto request = fill(pb::UpdateMachineRequest());
        // A repeated request is the same to the byte.
        if (guard.request_id.empty() || placement_.empty()) placement_ = Placement(id);
        request.set_placement(placement_);
        request.mutable_config()->add_command("sleep");
        for (int i = 0; i < 20; ++i) (*request.mutable_config()->mutable_env())[absl::StrCat("V", i)] = "value";
        request.set_current_version(guard.current_version);
        status = Call(&Stub::UpdateMachine, request, machine);
        break;
      }
      case kMetadata: {
        pb::UpdateMetadataRequest request;
        request.set_id(id);
        (*request.mutable_put())["k"] = absl::StrCat(++versions_);
        request.set_lease_nonce(guard.nonce);
        status = Call(&Stub::UpdateMetadata, request, machine);
        break;
      }
      case kOrders: break;
    }
    if (!status.ok()) return status;
    return machine;
  }

  storage::MachineRecord RecordOf(const std::string& id) { return *worker_.store().Get(id); }
  absl::string_view StateOf(const std::string& id) { return flyd::StateName(RecordOf(id).state); }

  // Does all that is to be done; PID 1 reports what it would.
  void Settle(const std::string& id) {
    for (int i = 0; i < 60; ++i) {
      worker_.scheduler().RunFor(absl::Seconds(1));
      worker_.Report(id);
      if (!worker_.store().GetOperation(id).ok()) return;
    }
    FAIL() << id << ": still " << StateOf(id);
  }

  std::string Lease(const std::string& id, uint32_t seconds) {
    pb::AcquireLeaseRequest request;
    request.set_id(id);
    request.set_ttl_seconds(seconds);
    request.set_owner("somebody");
    pb::Lease lease;
    EXPECT_THAT(Call(&pb::Machines::Stub::AcquireLease, request, lease), IsOk());
    return lease.nonce();
  }

  void ExpectRefused(const std::string& id, Order order, const Guard& guard, StatusCode code, absl::string_view reason) {
    const storage::MachineRecord before = RecordOf(id);
    const absl::StatusOr<pb::Machine> answer = Send(order, id, guard);
    EXPECT_EQ(answer.status().code(), code) << kOrderNames[order] << ": " << answer.status();
    EXPECT_EQ(tokensvc::ReasonOf(answer.status()), reason) << kOrderNames[order] << ": " << answer.status();
    EXPECT_EQ(RecordOf(id).revision, before.revision) << kOrderNames[order] << " was refused and changed something";
  }

  // That the order does what the table says.
  void ExpectAsTold(const std::string& id, Order order, const Guard& guard) {
    const Cell& cell = GetParam().cells[order];
    if (cell.at_once.empty()) return ExpectRefused(id, order, guard, StatusCode::kFailedPrecondition, "WRONG_STATE");
    const storage::MachineRecord before = RecordOf(id);
    const absl::StatusOr<pb::Machine> answer = Send(order, id, guard);
    ASSERT_THAT(answer, IsOk()) << kOrderNames[order];
    EXPECT_EQ(flyd::StateName(static_cast<MachineState>(answer->state())), cell.at_once) << kOrderNames[order];
    Settle(id);
    const storage::MachineRecord after = RecordOf(id);
    EXPECT_EQ(flyd::StateName(after.state), cell.settled) << kOrderNames[order];
    EXPECT_EQ(worker_.runtime().Running(id).size(), cell.settled == "started" || cell.settled == "suspended" ? 1u : 0u);
    if (order == kUpdate) {
      EXPECT_NE(after.desired.version, before.desired.version);
    }
    if (cell.at_once == "restarting" || cell.at_once == "updating") {
      EXPECT_NE(after.boot->boot_id, before.boot->boot_id) << kOrderNames[order];
      EXPECT_EQ(after.boot->version.version, after.desired.version) << kOrderNames[order];
    }
  }

  std::string Start() { return MachineIn(GetParam().state); }

  ScratchFolder folder_;
  Es256TestKey key_;
  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  SequentialIds ids_;
  SimWorker worker_{"w1", clock_, ids_, key_};
  std::unique_ptr<flyd::Host> host_;
  std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<pb::Machines::Stub> stub_;
  std::string placement_;
  int machines_ = 0;
  int versions_ = 0;
};

TEST_P(OrderTableTest, EachOrderDoesWhatTheTableSays) {
  for (int order = 0; order < kOrders; ++order) ExpectAsTold(Start(), static_cast<Order>(order), {});
}

TEST_P(OrderTableTest, SomebodyElsesLeaseStopsEachOrderAndItsOwnOrAnEndedOneNone) {
  if (GetParam().state == "destroyed") return;  // nothing is left to be leased
  for (int i = 0; i < kOrders; ++i) {
    const auto order = static_cast<Order>(i);
    const std::string id = Start();
    const std::string nonce = Lease(id, 3600);
    ExpectRefused(id, order, {}, StatusCode::kAborted, "LEASE_HELD");
    ExpectRefused(id, order, {.nonce = "abcdefabcdef"}, StatusCode::kAborted, "LEASE_HELD");
    ExpectAsTold(id, order, {.nonce = nonce});
    const std::string other = Start();
    Lease(other, 1);
    clock_.StepWall(clock_.Now() + absl::Seconds(1));
    ExpectAsTold(other, order, {});
  }
}

TEST_P(OrderTableTest, AnOldRevisionIsAbortedAndThePresentOneIsNot) {
  for (int i = 0; i < kMetadata; ++i) {  // metadata have a revision of their own
    const auto order = static_cast<Order>(i);
    const std::string id = Start();
    const uint64_t revision = RecordOf(id).revision;
    ExpectRefused(id, order, {.revision = revision + 1}, StatusCode::kAborted, "REVISION_MISMATCH");
    if (revision > 1) ExpectRefused(id, order, {.revision = revision - 1}, StatusCode::kAborted, "REVISION_MISMATCH");
    ExpectAsTold(id, order, {.revision = revision});
  }
}

TEST_P(OrderTableTest, AnUpdateOfAnotherVersionIsAborted) {
  const std::string id = Start();
  if (!GetParam().cells[kUpdate].at_once.empty()) {
    ExpectRefused(id, kUpdate, {.current_version = "01HTGGC1TZ2JHK83J4AC099999"}, StatusCode::kAborted,
                  "VERSION_MISMATCH");
  }
  ExpectAsTold(id, kUpdate, {.current_version = RecordOf(id).desired.version});
}

TEST_P(OrderTableTest, ARepeatedRequestIsAnsweredAndDoesNothingAgain) {
  for (int i = 0; i < kMetadata; ++i) {
    const auto order = static_cast<Order>(i);
    const std::string id = Start();
    placement_.clear();
    const Guard guard{.request_id = absl::StrCat("request-", i)};
    ExpectAsTold(id, order, guard);
    if (GetParam().cells[order].at_once.empty()) {
      ExpectAsTold(id, order, guard);  // a refusal is not remembered
      continue;
    }
    const storage::MachineRecord before = RecordOf(id);
    EXPECT_THAT(Send(order, id, guard), IsOk()) << kOrderNames[order];
    Settle(id);
    EXPECT_EQ(RecordOf(id).revision, before.revision) << kOrderNames[order];
    EXPECT_EQ(RecordOf(id).event_sequence, before.event_sequence) << kOrderNames[order];
  }
}

TEST_P(OrderTableTest, ARepeatedRequestThatComesLateDoesNothingToWhatTheMachineHasBecome) {
  const std::string id = Start();
  if (GetParam().cells[kStop].at_once.empty()) return;
  ASSERT_THAT(Send(kStop, id, {.request_id = "stop"}), IsOk());
  Settle(id);
  ASSERT_THAT(Send(kStart, id, {}), IsOk());
  Settle(id);
  EXPECT_THAT(Send(kStop, id, {.request_id = "stop"}), IsOk());
  EXPECT_EQ(StateOf(id), "started");
  const absl::StatusOr<pb::Machine> other = Send(kStop, id, {.request_id = "stop", .timeout = 9});
  EXPECT_THAT(other, StatusIs(StatusCode::kInvalidArgument));
  EXPECT_EQ(tokensvc::ReasonOf(other.status()), "REQUEST_ID_REUSED");
}

INSTANTIATE_TEST_SUITE_P(States, OrderTableTest, testing::ValuesIn(kTable),
                         [](const testing::TestParamInfo<Row>& row) { return std::string(row.param.state); });

}  // namespace
}  // namespace tests
