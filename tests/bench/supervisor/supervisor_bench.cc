// What the supervisor costs: durable orders against bare synced writes of the same bytes by as many callers, ten thousand
// machines in memory and at a restart, and how long watchers wait. Prints ratios; judges nothing.
//
//   bazel run --config=opt //tests/bench/supervisor [-- FOLDER]     (FOLDER: on the disk to be measured; default /var/tmp)
#include <grpcpp/grpcpp.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flyd/control/machines_handler.h"
#include "flyd/runtime/simulated_runtime.h"
#include "flyd/supervisor/executor.h"
#include "flyd/supervisor/host.h"
#include "flyd/supervisor/metadata.h"
#include "flyd/supervisor/supervisor.h"
#include "proto/machines/v1/machines.grpc.pb.h"
#include "storage/rocksdb_families.h"
#include "storage/rocksdb_machine_store.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/memory_keyring.h"
#include "tests/fakes/test_placement.h"
#include "tests/supervisor/recorded_sockets.h"
#include "tokensvc/clock.h"

namespace {

namespace fs = std::filesystem;
namespace pb = fly::machines::v1;
using storage::RocksDbMachineStore;

constexpr int kCallers = 64;
constexpr int kRounds = 5;
constexpr int kOrdersEach = 100;
constexpr int kMachines = 10'000;
constexpr int kWatchers = 100;
constexpr int kWatched = 300;

double Seconds() { return absl::ToDoubleSeconds(tokensvc::RealClock().Monotonic()); }

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  return pages * 4096;
}

double Quantile(std::vector<double> values, double at) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(at * static_cast<double>(values.size() - 1))];
}

uint64_t LogBytes(const std::string& folder) {
  uint64_t bytes = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".log") bytes += entry.file_size();
  }
  return bytes;
}

void InParallel(const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kCallers; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

// A store, the runtime that outlives supervisors, and a supervisor.
class Host {
 public:
  explicit Host(const std::string& folder) : folder_(folder), store_(RocksDbMachineStore::Open(folder).value()) {
    (void)keyring_.Put(1, storage::SecretBytes(std::string(32, 'k')));
    Start();
  }

  void Start() {
    executor_ = std::make_unique<flyd::Executor>(8, tokensvc::RealClock());
    supervisor_ = std::make_unique<flyd::Supervisor>(
        flyd::SupervisorParts{.store = *store_,
                              .runtime = runtime_,
                              .control = runtime_,
                              .sockets = sockets_,
                              .keyring = keyring_,
                              .clock = tokensvc::RealClock(),
                              .ids = tokensvc::RandomIds(),
                              .scheduler = *executor_,
                              .log = [](absl::string_view, absl::string_view, absl::string_view) {},
                              .admission = [](flyd::OperationKind, size_t) { return absl::OkStatus(); },
                              .on_lost = [](const absl::Status&) { std::abort(); }},
        flyd::WorkerIdentity{.worker = "w1",
                             .key_epoch = 1,
                             .placement_keys = {{.key_id = key_.key_id(), .spki_der = key_.spki_der()}}});
    runtime_.SetSink([this](absl::string_view machine, absl::string_view boot, const flyd::BootExit& exit) {
      supervisor_->operations().OnExit(machine, boot, exit);
    });
    if (!supervisor_->Recover().ok()) std::abort();
  }

  void Stop() {
    runtime_.SetSink(nullptr);
    supervisor_.reset();
    executor_.reset();
    sockets_.CloseAll();
  }

  static std::string IdOf(int machine) { return absl::StrFormat("%014x", machine); }

  // In state started.
  void Launch(int machine) {
    tokensvc::Placement placement = tests::ExamplePlacement(key_, tokensvc::RealClock().Now());
    placement.identity.machine_id = IdOf(machine);
    placement.identity.machine_name = absl::StrFormat("m%d", machine);
    if (!supervisor_->Create({.placement = tests::SignPlacement(placement, key_)}).ok()) std::abort();
    while (runtime_.Running(IdOf(machine)).empty()) std::this_thread::yield();
    if (!supervisor_->TakeBootAnswer(IdOf(machine)).ok()) std::abort();
    const auto view = supervisor_->PresentBoot(IdOf(machine));
    if (!view.ok() || !supervisor_->ReportFromInit(**view, "started", "").ok()) std::abort();
  }

  const std::string folder_;
  tests::Es256TestKey key_;
  std::unique_ptr<RocksDbMachineStore> store_;
  tests::MemoryKeyring keyring_;
  tests::RecordedSockets sockets_;
  flyd::SimulatedRuntime runtime_{tokensvc::RealClock()};
  std::unique_ptr<flyd::Executor> executor_;
  std::unique_ptr<flyd::Supervisor> supervisor_;
};

// One commit of record, event and feed.
void Order(Host& host, int machine, int number) {
  const flyd::MetadataChange change{.machine_id = Host::IdOf(machine), .put = {{"n", absl::StrCat(number % 10)}}};
  if (!flyd::ChangeMetadata(host.supervisor_->table(), change).ok()) std::abort();
}

// Each caller orders for a machine of its own.
double OrdersASecond(Host& host) {
  const double began = Seconds();
  InParallel([&](int caller) {
    for (int i = 0; i < kOrdersEach; ++i) Order(host, caller + 1, i);
  });
  return kCallers * kOrdersEach / (Seconds() - began);
}

double WritesASecond(storage::RocksDbFamilies& bare, size_t bytes) {
  const double began = Seconds();
  InParallel([&](int caller) {
    for (int i = 0; i < kOrdersEach; ++i) {
      const std::string key = absl::StrCat("machine-", caller);
      if (!bare.Write({{0, key, std::string(bytes - 40, 'x')}}).ok()) std::abort();
    }
  });
  return kCallers * kOrdersEach / (Seconds() - began);
}

void MeasureOrders(const std::string& folder) {
  Host host(folder + "/orders");
  for (int machine = 1; machine <= kCallers; ++machine) host.Launch(machine);
  const auto bare = storage::RocksDbFamilies::Open(folder + "/bare", {"default"}).value();
  const uint64_t before = LogBytes(folder + "/orders");
  for (int i = 0; i < 100; ++i) Order(host, 1, i);
  const size_t bytes = (LogBytes(folder + "/orders") - before) / 100;
  std::vector<double> ratios, orders, writes;
  for (int round = 0; round < kRounds; ++round) {
    writes.push_back(WritesASecond(*bare, bytes));
    orders.push_back(OrdersASecond(host));
    ratios.push_back(orders.back() / writes.back());
  }
  std::printf("durable orders: %.0f/s by %d callers, bare synced writes of the same %zu bytes %.0f/s: ratio %.2f (goal 0.70)\n",
              Quantile(orders, 0.5), kCallers, bytes, Quantile(writes, 0.5), Quantile(ratios, 0.5));
}

// With the simulated runtime and the store's own memory.
void MeasureMachines(const std::string& folder) {
  const double before = ResidentBytes();
  Host host(folder + "/machines");
  std::atomic<int> next = 1;
  InParallel([&](int) {
    for (int machine; (machine = next++) <= kMachines;) host.Launch(machine);
  });
  host.Stop();
  const double cpu = CpuSeconds();
  const double began = Seconds();
  host.Start();
  std::printf("%d machines: restart to ready %.2f s of CPU (goal 1), %.2f s; %.1f KiB resident each (goal 32)\n", kMachines,
              CpuSeconds() - cpu, Seconds() - began, (ResidentBytes() - before) / kMachines / 1024);
}

void MeasureWatch(const std::string& folder) {
  Host host(folder + "/watch");
  host.Launch(1);
  const auto admission = flyd::Host::Open(*host.store_, tokensvc::RealClock(), [] { return UINT64_MAX; }).value();
  const auto service = flyd::MakeMachinesService({.supervisor = *host.supervisor_,
                                                  .store = *host.store_,
                                                  .history = *host.store_,
                                                  .host = *admission,
                                                  .ids = tokensvc::RandomIds(),
                                                  .worker = "w1",
                                                  .run_dir = folder});
  grpc::ServerBuilder builder;
  builder.RegisterService(service.get());
  const auto server = builder.BuildAndStart();
  const auto stub = pb::Machines::NewStub(server->InProcessChannel({}));
  const uint64_t first = host.store_->feed_range().last;
  std::vector<std::atomic<double>> sent(kWatched + 1);
  absl::Mutex mu;
  std::vector<double> waits;
  std::vector<std::thread> watchers;
  std::atomic<int> ready = 0;
  for (int i = 0; i < kWatchers; ++i) {
    watchers.emplace_back([&] {
      pb::WatchMachinesRequest request;
      request.set_after_sequence(first);
      grpc::ClientContext context;
      const auto reader = stub->WatchMachines(&context, request);
      reader->WaitForInitialMetadata();
      std::vector<double> own;
      ++ready;
      for (pb::WatchMachinesResponse response; static_cast<int>(own.size()) < kWatched && reader->Read(&response);) {
        if (response.has_event()) own.push_back(Seconds() - sent[response.sequence() - first].load());
      }
      context.TryCancel();
      absl::MutexLock lock(&mu);
      waits.insert(waits.end(), own.begin(), own.end());
    });
  }
  pb::UpdateMetadataRequest change;
  change.set_id(Host::IdOf(1));
  for (int i = 1; i <= kWatched; ++i) {
    (*change.mutable_put())["n"] = absl::StrCat(i);
    pb::Machine machine;
    grpc::ClientContext context;
    sent[static_cast<size_t>(i)] = Seconds();
    if (!stub->UpdateMetadata(&context, change, &machine).ok()) std::abort();
  }
  for (std::thread& watcher : watchers) watcher.join();
  server->Shutdown();
  std::printf("watch, %d watchers, %d events: from the order to the watcher p50 %.2f ms, p99 %.2f ms\n", kWatchers, kWatched,
              Quantile(waits, 0.5) * 1e3, Quantile(waits, 0.99) * 1e3);
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = std::string(argc > 1 ? argv[1] : "/var/tmp") + "/flyd-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return 1;
  MeasureOrders(folder);
  MeasureMachines(folder);
  MeasureWatch(folder);
  fs::remove_all(folder);
}
