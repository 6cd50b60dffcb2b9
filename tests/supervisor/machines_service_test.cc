// flyd's control surface over gRPC: the codes and details of refusals, and what one caller can do to the others.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "flyd/control/machines_handler.h"
#include "flyd/supervisor/host.h"
#include "flyd/supervisor/machine_waiters.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/machines/v1/machines.grpc.pb.h"
#include "tests/fakes/eventually.h"
#include "tests/status_matchers.h"
#include "tests/supervisor/supervised_fixture.h"
#include "tokensvc/rpc/error_details.h"
#include "tokensvc/rpc/to_grpc_status.h"

namespace tests {
namespace {

namespace pb = fly::machines::v1;
using testing::HasSubstr;

constexpr char kUnknown[] = "0123456789abcd";

class MachinesServiceTest : public SupervisedFixture {
 protected:
  MachinesServiceTest() {
    host_ = *flyd::Host::Open(store_, tokensvc::RealClock(), [this] { return free_bytes_.load(); });
    service_ = flyd::MakeMachinesService({.supervisor = *supervisor_,
                                          .store = store_,
                                          .history = store_,
                                          .host = *host_,
                                          .ids = ids_,
                                          .bounds = {.cpus = true, .memory = false, .pids = true},
                                          .worker = "w1",
                                          .run_dir = folder_.path()});
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + folder_.path() + "/s", grpc::InsecureServerCredentials());
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = pb::Machines::NewStub(
        grpc::CreateChannel("unix:" + folder_.path() + "/s", grpc::InsecureChannelCredentials()));
  }
  ~MachinesServiceTest() override { server_->Shutdown(std::chrono::system_clock::now()); }

  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (pb::Machines::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response = nullptr) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    Response ignored;
    return tokensvc::FromGrpcStatus((stub_.get()->*method)(&context, request, response == nullptr ? &ignored : response));
  }

  template <typename Detail>
  static Detail DetailOf(const absl::Status& status) {
    Detail detail;
    const auto payload = status.GetPayload("type.googleapis.com/" + detail.GetDescriptor()->full_name());
    EXPECT_TRUE(payload.has_value() && detail.ParseFromString(std::string(*payload))) << status;
    return detail;
  }

  static pb::WaitMachineRequest WaitFor(const std::string& id, pb::MachineState state, uint32_t seconds = 60) {
    pb::WaitMachineRequest wait;
    wait.set_id(id);
    wait.set_state(state);
    wait.set_timeout_seconds(seconds);
    return wait;
  }

  static int Threads() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.rfind("Threads:", 0) == 0) return std::stoi(line.substr(8));
    }
    return 0;
  }

  std::atomic<uint64_t> free_bytes_ = UINT64_MAX;  // of the store's disk
  std::unique_ptr<flyd::Host> host_;
  std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<pb::Machines::Stub> stub_;
};

TEST_F(MachinesServiceTest, AnUnknownMachineIsNamedAsAResource) {
  pb::GetMachineRequest get;
  get.set_id(kUnknown);
  pb::StartMachineRequest start;
  start.set_id(kUnknown);
  pb::ListEventsRequest events;
  events.set_id(kUnknown);
  for (const absl::Status& status :
       {Call(&pb::Machines::Stub::GetMachine, get), Call(&pb::Machines::Stub::StartMachine, start),
        Call(&pb::Machines::Stub::ListEvents, events),
        Call(&pb::Machines::Stub::WaitMachine, WaitFor(kUnknown, pb::STARTED))}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
    EXPECT_EQ(tokensvc::ReasonOf(status), "MACHINE_NOT_FOUND");
    EXPECT_EQ(tokensvc::DomainOf(status), "machines.flyd");
    EXPECT_EQ(DetailOf<google::rpc::ResourceInfo>(status).resource_name(), kUnknown);
  }
}

TEST_F(MachinesServiceTest, AnOrderThatDoesNotFitTheStateNamesTheViolation) {
  const std::string id = LaunchStarted(1).id;
  pb::DestroyMachineRequest destroy;
  destroy.set_id(id);
  const absl::Status status = Call(&pb::Machines::Stub::DestroyMachine, destroy);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("started, want it stopped, or force")));
  EXPECT_EQ(tokensvc::ReasonOf(status), "WRONG_STATE");
  const auto failure = DetailOf<google::rpc::PreconditionFailure>(status);
  EXPECT_EQ(failure.violations(0).type(), "STATE");
  EXPECT_EQ(failure.violations(0).subject(), "machines/" + id);
}

TEST_F(MachinesServiceTest, AnotherRevisionIsAbortedAlsoWhereNothingWouldBeDone) {
  const auto record = LaunchStarted(1);
  pb::StartMachineRequest start;
  start.set_id(record.id);
  start.set_expected_revision(record.revision + 1);
  const absl::Status status = Call(&pb::Machines::Stub::StartMachine, start);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted, HasSubstr("store has")));
  EXPECT_EQ(tokensvc::ReasonOf(status), "REVISION_MISMATCH");
  start.set_expected_revision(store_.Get(record.id)->revision);
  EXPECT_THAT(Call(&pb::Machines::Stub::StartMachine, start), IsOk());
}

TEST_F(MachinesServiceTest, RequestIdsHaveAtMostSixtyFourBytesAndOneRequest) {
  const std::string id = LaunchStarted(1).id;
  pb::StopMachineRequest stop;
  stop.set_id(id);
  stop.set_request_id(std::string(65, 'r'));
  EXPECT_THAT(Call(&pb::Machines::Stub::StopMachine, stop),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("request_id: 65 bytes, want at most 64")));
  stop.set_request_id(std::string(64, 'r'));
  EXPECT_THAT(Call(&pb::Machines::Stub::StopMachine, stop), IsOk());
  stop.set_timeout_seconds(9);
  const absl::Status reused = Call(&pb::Machines::Stub::StopMachine, stop);
  EXPECT_EQ(reused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(tokensvc::ReasonOf(reused), "REQUEST_ID_REUSED");
}

TEST_F(MachinesServiceTest, LeasesAndMetadataNeedRoomOnTheDiskAsOrdersDo) {
  const std::string id = LaunchStarted(1).id;
  pb::AcquireLeaseRequest lease;
  lease.set_id(id);
  pb::UpdateMetadataRequest metadata;
  metadata.set_id(id);
  (*metadata.mutable_put())["role"] = "leader";
  free_bytes_ = uint64_t{63} << 20;
  for (const absl::Status& refused :
       {Call(&pb::Machines::Stub::AcquireLease, lease), Call(&pb::Machines::Stub::UpdateMetadata, metadata)}) {
    EXPECT_THAT(refused,
                StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("63 MiB free, want at least 64")));
    EXPECT_GT(DetailOf<google::rpc::RetryInfo>(refused).retry_delay().seconds(), 0);
  }
  free_bytes_ = uint64_t{64} << 20;
  EXPECT_THAT(Call(&pb::Machines::Stub::AcquireLease, lease), IsOk());
}

TEST_F(MachinesServiceTest, AWorkerTakesNoMachineThatItCannotHoldToItsLimits) {
  pb::CreateMachineRequest create;
  create.set_placement(PlacementOf(1, 1));
  create.mutable_config()->add_command("/bin/true");
  create.mutable_config()->mutable_guest()->set_memory_mb(64);
  const absl::Status created = Call(&pb::Machines::Stub::CreateMachine, create);
  EXPECT_THAT(created, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("a limit of memory")));
  EXPECT_EQ(tokensvc::ReasonOf(created), "LIMIT_UNSUPPORTED");
  pb::UpdateMachineRequest update;
  update.set_id(LaunchStarted(2).id);
  update.set_placement(PlacementOf(2, 2));
  *update.mutable_config() = create.config();
  EXPECT_EQ(tokensvc::ReasonOf(Call(&pb::Machines::Stub::UpdateMachine, update)), "LIMIT_UNSUPPORTED");
  pb::Worker worker;
  EXPECT_THAT(Call(&pb::Machines::Stub::GetWorker, pb::GetWorkerRequest(), &worker), IsOk());
  EXPECT_THAT(worker.limits(), testing::ElementsAre("cpus", "pids"));
}

struct GuestCase {
  const char* name;
  uint32_t cpus, memory_mb, pids;
  const char* refused;  // the field at fault; null: it passes
};

class GuestLimitsTest : public MachinesServiceTest, public testing::WithParamInterface<GuestCase> {};

TEST_P(GuestLimitsTest, HaveBounds) {
  const GuestCase& row = GetParam();
  pb::CreateMachineRequest create;
  create.set_placement(PlacementOf(1, 1));
  create.mutable_config()->add_command("/bin/true");
  create.mutable_config()->mutable_guest()->set_cpus(row.cpus);
  create.mutable_config()->mutable_guest()->set_memory_mb(row.memory_mb);
  create.mutable_config()->mutable_guest()->set_pids(row.pids);
  const absl::Status created = Call(&pb::Machines::Stub::CreateMachine, create);
  if (row.refused == nullptr) {
    EXPECT_NE(created.code(), absl::StatusCode::kInvalidArgument) << created;
  } else {
    EXPECT_THAT(created, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(absl::StrCat("config.guest.", row.refused, ": "))));
  }
}

INSTANTIATE_TEST_SUITE_P(Bounds, GuestLimitsTest,
                         testing::Values(GuestCase{"None", 0, 0, 0, nullptr}, GuestCase{"Least", 1, 32, 16, nullptr},
                                         GuestCase{"Most", 1024, 1 << 24, 1 << 22, nullptr},
                                         GuestCase{"CpusAbove", 1025, 0, 0, "cpus"},
                                         GuestCase{"MemoryBelow", 0, 31, 0, "memory_mb"},
                                         GuestCase{"MemoryAbove", 0, (1 << 24) + 1, 0, "memory_mb"},
                                         GuestCase{"PidsBelow", 0, 0, 15, "pids"},
                                         GuestCase{"PidsAbove", 0, 0, (1 << 22) + 1, "pids"}),
                         [](const auto& info) { return info.param.name; });

TEST_F(MachinesServiceTest, PagesHaveOneToAThousandMachines) {
  pb::ListMachinesRequest list;
  for (const int32_t size : {-1, 1001}) {
    list.set_page_size(size);
    EXPECT_THAT(Call(&pb::Machines::Stub::ListMachines, list), StatusIs(absl::StatusCode::kInvalidArgument)) << size;
  }
  for (const int32_t size : {0, 1, 1000}) {
    list.set_page_size(size);
    EXPECT_THAT(Call(&pb::Machines::Stub::ListMachines, list), IsOk()) << size;
  }
}

TEST_F(MachinesServiceTest, AWaitIsForAStateAndAtMostAMinute) {
  const std::string id = LaunchStarted(1).id;
  EXPECT_THAT(Call(&pb::Machines::Stub::WaitMachine, WaitFor(id, pb::MACHINE_STATE_UNSPECIFIED)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Call(&pb::Machines::Stub::WaitMachine, WaitFor(id, static_cast<pb::MachineState>(99))),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Call(&pb::Machines::Stub::WaitMachine, WaitFor(id, pb::STARTED, 61)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Call(&pb::Machines::Stub::WaitMachine, WaitFor(id, pb::STARTED)), IsOk());
  EXPECT_THAT(Call(&pb::Machines::Stub::WaitMachine, WaitFor(id, pb::STOPPED, 1)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("not stopped after 1s")));
}

TEST_F(MachinesServiceTest, AWaitForAVersionThatIsGoneEndsAtOnce) {
  const std::string id = LaunchStarted(1).id;
  pb::WaitMachineRequest wait = WaitFor(id, pb::STARTED);
  wait.set_version("01HTGGC1TZ2JHK83J4AC0R3VEZ");
  EXPECT_THAT(Call(&pb::Machines::Stub::WaitMachine, wait),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("which is gone")));
}

// Waits that somebody else holds open.
class HeldWaits {
 public:
  HeldWaits(pb::Machines::Stub& stub, const pb::WaitMachineRequest& wait, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      Held& held = held_.emplace_back();
      held.call = stub.AsyncWaitMachine(&held.context, wait, &queue_);
      held.call->Finish(&held.answer, &held.status, &held);
    }
  }
  ~HeldWaits() {
    Cancel();
    EndAll();
    queue_.Shutdown();
  }
  void Cancel() {
    for (Held& held : held_) held.context.TryCancel();
  }
  // The codes of the next `count` to end.
  std::vector<grpc::StatusCode> End(size_t count) {
    std::vector<grpc::StatusCode> codes;
    void* tag;
    bool ok;
    for (; codes.size() < count; ++ended_) {
      queue_.Next(&tag, &ok);
      codes.push_back(static_cast<Held*>(tag)->status.error_code());
    }
    return codes;
  }
  std::vector<grpc::StatusCode> EndAll() { return End(held_.size() - ended_); }

 private:
  struct Held {
    grpc::ClientContext context;
    pb::Machine answer;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<pb::Machine>> call;
  };
  grpc::CompletionQueue queue_;
  std::list<Held> held_;
  size_t ended_ = 0;
};

constexpr size_t kMost = flyd::MachineWaiters::kMostWaiting;

TEST_F(MachinesServiceTest, ThousandsOfWaitsTakeNoThreadsAndNobodysTurn) {
  const std::string id = LaunchStarted(1).id;
  const int before = Threads();
  HeldWaits waits(*stub_, WaitFor(id, pb::STOPPED), kMost + 100);
  EXPECT_THAT(waits.End(100), testing::Each(grpc::StatusCode::RESOURCE_EXHAUSTED));  // so all others wait now
  EXPECT_LT(Threads(), before + 64);
  pb::StopMachineRequest stop;
  stop.set_id(id);
  EXPECT_THAT(Call(&pb::Machines::Stub::StopMachine, stop), IsOk());
  EXPECT_THAT(waits.EndAll(), testing::Each(grpc::StatusCode::OK));
}

TEST_F(MachinesServiceTest, ACallerThatIsGoneLeavesNoWaitBehind) {
  const std::string id = LaunchStarted(1).id;
  HeldWaits waits(*stub_, WaitFor(id, pb::STOPPED), kMost + 100);
  EXPECT_THAT(waits.End(100), testing::Each(grpc::StatusCode::RESOURCE_EXHAUSTED));
  waits.Cancel();
  EXPECT_THAT(waits.EndAll(), testing::Each(grpc::StatusCode::CANCELLED));
  EXPECT_TRUE(Eventually([&] {
    return absl::IsDeadlineExceeded(Call(&pb::Machines::Stub::WaitMachine, WaitFor(id, pb::STOPPED, 1)));
  }));
}

}  // namespace
}  // namespace tests
