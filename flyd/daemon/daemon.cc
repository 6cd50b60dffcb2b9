#include "flyd/daemon/daemon.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/service_type.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "flyd/control/machines_handler.h"
#include "flyd/daemon/enrolment_client.h"
#include "flyd/daemon/hold_data_folder.h"
#include "flyd/daemon/open_machine_store.h"
#include "flyd/daemon/renewal_client.h"
#include "flyd/files/open_file.h"
#include "flyd/guest/guest_gate.h"
#include "flyd/guest/http_guest_sockets.h"
#include "flyd/runtime/external_runtime.h"
#include "flyd/runtime/process_runtime.h"
#include "flyd/runtime/simulated_runtime.h"
#include "flyd/supervisor/due_renewals.h"
#include "flyd/supervisor/executor.h"
#include "flyd/supervisor/host.h"
#include "flyd/supervisor/supervisor.h"
#include "storage/kept_checkpoint.h"
#include "storage/rocksdb_machine_store.h"
#include "storage/sqlite_keyring.h"
#include "storage/sqlite_ledger.h"
#include "tokensvc/http/http_server.h"
#include "tokensvc/rpc/json_log.h"
#include "tokensvc/rpc/ready_file.h"
#include "tokensvc/rpc/server_settings.h"
#include "tokensvc/signer/client/grpc_signer_client.h"
#include "tokensvc/token/token_service.h"
#include "tokensvc/unique_id_source.h"

namespace flyd {
namespace {

constexpr int kGuestThreads = 2;
constexpr int kEffectThreads = 8;
// Each may wait for an image's registry, or for PID 1 and its signer.
constexpr int kSlowEffectThreads = 32;
constexpr int kExitStoreLost = 70;
constexpr absl::Duration kTendEvery = absl::Seconds(30);
constexpr absl::Duration kHistoryKept = absl::Hours(24 * 7);
constexpr absl::Duration kImageKept = absl::Hours(24);
constexpr size_t kPage = 1000;
constexpr auto kShutdownGrace = std::chrono::seconds(1);

sigset_t EndingSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

absl::Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno), ", want to make it"));
}

uint64_t FreeBytes(const std::string& folder) {
  struct statvfs info;
  // A disk that cannot be asked will refuse the write itself.
  return statvfs(folder.c_str(), &info) == 0 ? uint64_t{info.f_bavail} * info.f_frsize : UINT64_MAX;
}

absl::StatusOr<GuestGate::RootKeys> ReadRootKeys(const storage::Keyring& keyring) {
  GuestGate::RootKeys keys;
  const absl::StatusOr<std::vector<uint32_t>> epochs = keyring.Epochs();
  if (!epochs.ok()) return epochs.status();
  for (const uint32_t epoch : *epochs) {
    absl::StatusOr<std::shared_ptr<const storage::SecretBytes>> key = keyring.Get(epoch);
    if (!key.ok()) return key.status();
    keys[epoch] = *std::move(key);
  }
  return keys;
}

// Members in the order in which they need each other; destroyed in the reverse one.
class RunningDaemon final : public Daemon {
 public:
  RunningDaemon(const FlydConfig& config, const tokensvc::Clock& clock, ServiceManager& manager)
      : config_(config), clock_(clock), manager_(manager), log_(clock, 2) {}

  ~RunningDaemon() override {
    if (control_ != nullptr) control_->Shutdown(std::chrono::system_clock::now() + kShutdownGrace);
    // Effects and tending under way end; operations are parked where they stand. A resume among them needs the gate.
    if (slow_executor_ != nullptr) slow_executor_->Stop();
    if (executor_ != nullptr) executor_->Stop();
    guests_.reset();   // no request reaches the gate any more
    runtime_.reset();  // no exit reaches the supervisor any more
    supervisor_.reset();
  }

  absl::Status Open() {
    for (const std::string& folder : {config_.data_dir, config_.run_dir}) {
      if (absl::Status made = MakeFolder(folder); !made.ok()) return made;
    }
    absl::StatusOr<OpenFile> alone = HoldDataFolder(config_.data_dir);
    if (!alone.ok()) return alone.status();
    alone_ = *std::move(alone);
    if (absl::Status stores = OpenStores(); !stores.ok()) return stores;
    absl::StatusOr<WorkerIdentity> identity = Enrol(config_, *keyring_, clock_);
    if (!identity.ok()) return identity.status();
    if (absl::Status runtime = OpenRuntime(); !runtime.ok()) return runtime;
    if (absl::Status tokens = OpenTokens(); !tokens.ok()) return tokens;
    if (absl::Status machines = OpenMachines(*std::move(identity)); !machines.ok()) return machines;
    return Listen();
  }

  absl::Status RunUntilSignalled() override {
    const sigset_t signals = EndingSignals();
    const timespec second = {.tv_sec = 1, .tv_nsec = 0};
    while (sigtimedwait(&signals, nullptr, &second) <= 0) TellHealth();
    log_.Write("flyd.stops", {});
    manager_.TellStopping();
    return absl::OkStatus();
  }

 private:
  // What every part can do now: tokens for who asks, a row for each, room for orders.
  absl::Status Health() const {
    if (absl::Status signers = signer_->Connected(); !signers.ok()) return signers;
    if (absl::Status ledger = ledger_->health(); !ledger.ok()) return ledger;
    if (absl::Status changeable = store_->Changeable(); !changeable.ok()) return changeable;
    return host_->HasRoom();
  }

  // To the health service, and to the log where it has changed. A connection that is made anew in between is no complaint.
  void TellHealth() {
    const absl::Status health = Health();
    const bool serves = health.ok() || complaint_.empty();
    if (auto* service = control_->GetHealthCheckService(); service != nullptr) service->SetServingStatus(serves);
    if (serves != served_) log_.Write("flyd.health", {{"ok", serves}, {"why", serves ? "" : health.message()}});
    served_ = serves;
    complaint_ = std::string(health.message());
  }

  absl::Status OpenStores() {
    auto store = OpenMachineStore(config_.data_dir);
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    if (absl::Status damage = store_->Changeable(); !damage.ok()) {
      log_.Write("alarm.store_damaged", {{"why", damage.message()}});
    }
    auto keyring = storage::SqliteKeyring::Open(config_.data_dir + "/keyring.sqlite");
    if (!keyring.ok()) return keyring.status();
    keyring_ = *std::move(keyring);
    auto ledger = storage::SqliteLedger::Open(config_.data_dir + "/ledger", storage::SqliteLedger::kMaxBytes);
    if (!ledger.ok()) return ledger.status();
    ledger_ = *std::move(ledger);
    return absl::OkStatus();
  }

  absl::Status OpenRuntime() {
    const ExitSink sink = [this](absl::string_view machine_id, absl::string_view boot_id, const BootExit& exit) {
      supervisor_->operations().OnExit(machine_id, boot_id, exit);
    };
    if (config_.runtime == FlydConfig::Runtime::kExternal) {
      auto external = std::make_unique<ExternalRuntime>(config_.run_dir, sink);
      control_of_boots_ = external_ = external.get();
      runtime_ = std::move(external);
      return absl::OkStatus();
    }
    if (config_.runtime == FlydConfig::Runtime::kSimulated) {
      auto simulated = std::make_unique<SimulatedRuntime>(clock_);
      simulated->SetSink(sink);
      control_of_boots_ = simulated.get();
      runtime_ = std::move(simulated);
      return absl::OkStatus();
    }
    ProcessRuntimeOptions options{.run_dir = config_.run_dir,
                                  .init_path = config_.init_path,
                                  .image_dir = config_.data_dir + "/images",
                                  .first_host_id = config_.first_host_id,
                                  .max_machines = config_.max_machines,
                                  .hidden_paths = config_.hidden_paths,
                                  .control_group = config_.control_group,
                                  .private_network = config_.private_network};
    for (const std::string& path : {config_.data_dir, config_.run_dir, config_.tls.private_key_file}) {
      options.hidden_paths.push_back(path);
    }
    auto runtime = ProcessRuntime::Create(std::move(options), clock_, sink);
    if (!runtime.ok()) return runtime.status();
    control_of_boots_ = processes_ = runtime->get();
    runtime_ = *std::move(runtime);
    return absl::OkStatus();
  }

  absl::Status OpenTokens() {
    auto signer = tokensvc::GrpcSignerClient::Create(
        {.addresses = config_.signers, .tls = config_.tls, .fleet = config_.fleet}, clock_);
    if (!signer.ok()) return signer.status();
    signer_ = *std::move(signer);
    tokens_ = std::make_unique<tokensvc::TokenService>(*signer_, *ledger_, clock_);
    return absl::OkStatus();
  }

  absl::Status OpenMachines(WorkerIdentity identity) {
    const auto log = [this](absl::string_view event, absl::string_view machine_id, absl::string_view detail) {
      log_.Write(event, {{"machine", machine_id}, {"detail", detail}});
    };
    // No socket is open before Recover, so the gate is there before anybody asks.
    guests_ = std::make_unique<tokensvc::HttpServer>(
        tokensvc::HttpLimits{}, kGuestThreads,
        [this](std::shared_ptr<tokensvc::HttpExchange> exchange) { gate_->Handle(std::move(exchange)); },
        [this](const std::string& machine_id, int status, const std::string& why) {
          gate_->OnMalformed(machine_id, status, why);
        });
    sockets_ = std::make_unique<HttpGuestSockets>(config_.run_dir, *guests_, manager_);
    auto host = Host::Open(*store_, clock_, [folder = config_.data_dir] { return FreeBytes(folder); });
    if (!host.ok()) return host.status();
    host_ = *std::move(host);
    executor_ = std::make_unique<Executor>(kEffectThreads, clock_);
    slow_executor_ = std::make_unique<Executor>(kSlowEffectThreads, clock_);
    supervisor_ = std::make_unique<Supervisor>(SupervisorParts{.store = *store_,
                                                               .runtime = *runtime_,
                                                               .control = *control_of_boots_,
                                                               .sockets = *sockets_,
                                                               .keyring = *keyring_,
                                                               .clock = clock_,
                                                               .ids = tokensvc::RandomIds(),
                                                               .scheduler = *executor_,
                                                               .slow_scheduler = slow_executor_.get(),
                                                               .log = log,
                                                               .admission = [this](OperationKind kind, size_t open) {
                                                                 return host_->Admit(kind, open);
                                                               },
                                                               .on_lost = [this](const absl::Status& why) {
                                                                 log_.Write("flyd.store_lost", {{"why", why.message()}});
                                                                 std::_Exit(kExitStoreLost);
                                                               },
                                                               .placement_keys = [this] { return AskPlacementKeys(); }},
                                               std::move(identity));
    absl::StatusOr<GuestGate::RootKeys> root_keys = ReadRootKeys(*keyring_);
    if (!root_keys.ok()) return root_keys.status();
    gate_ = std::make_unique<GuestGate>(*supervisor_, *tokens_, clock_, *std::move(root_keys), log);
    if (absl::Status recovered = supervisor_->Recover(); !recovered.ok()) return recovered;
    manager_.ForgetUntaken();
    if (store_->Changeable().ok()) Tend(absl::ZeroDuration());
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<tokensvc::PlacementKey>> AskPlacementKeys() {
    const absl::StatusOr<WorkerIdentity> identity = Enrol(config_, *keyring_, clock_);
    if (!identity.ok()) return identity.status();
    log_.Write("flyd.placement_keys_read", {{"keys", absl::StrCat(identity->placement_keys.size())}});
    return identity->placement_keys;
  }

  // What fleetd does not sign anew stays good until it expires: 12 h, by the fleet's defaults.
  absl::Status RenewPlacements() {
    const absl::StatusOr<std::vector<std::string>> due = DueRenewals(*store_, clock_.Now());
    if (!due.ok() || due->empty()) return due.status();
    const absl::StatusOr<Renewals> renewals = RenewOwnPlacements(config_, *due, clock_);
    if (!renewals.ok()) return renewals.status();
    for (const std::string& refusal : renewals->refusals) log_.Write("flyd.placement_not_renewed", {{"why", refusal}});
    absl::Status last;
    for (const std::string& placement : renewals->placements) {
      // One of a version that is gone by now is nobody's loss, and what one machine's stands against not another's.
      const absl::Status renewed = supervisor_->Renew(placement);
      if (!renewed.ok() && !absl::IsFailedPrecondition(renewed)) last = renewed;
    }
    log_.Write("flyd.placements_renewed", {{"machines", absl::StrCat(due->size())}});
    return last;
  }

  // Images of machines that are gone make room after a day.
  absl::Status RemoveUnusedImages() {
    if (processes_ == nullptr) return absl::OkStatus();
    absl::flat_hash_set<std::string> used;
    for (std::string after;;) {
      const auto page = store_->List(after, kPage);
      if (!page.ok()) return page.status();
      for (const storage::MachineRecord& record : *page) {
        if (record.state == MachineState::kDestroyed) continue;
        used.insert(record.desired.image_digest);
        if (record.boot.has_value()) used.insert(record.boot->version.image_digest);
      }
      if (page->size() < kPage) break;
      after = page->back().id;
    }
    return processes_->RemoveUnusedImages(used, clock_.Now() - kImageKept).status();
  }

  // The copy by which flyd goes on when its store is damaged.
  absl::Status KeepCheckpoint() {
    const uint64_t last = store_->last_write();
    if (kept_at_ == last) return absl::OkStatus();
    // What is left on a disk that is nearly full is for what happens to the machines.
    const uint64_t free = FreeBytes(config_.data_dir);
    const uint64_t may_write = free > kSpaceReserveBytes ? free - kSpaceReserveBytes : 0;
    const absl::Status kept = storage::KeepCheckpoint(*store_, config_.data_dir + kCheckpointFolder, may_write);
    if (kept.ok()) kept_at_ = last;
    return kept;
  }

  void Tended(absl::string_view what, const absl::Status& outcome) {
    if (outcome.ok()) return;
    log_.Write(absl::IsDataLoss(outcome) ? "alarm.store_damaged" : "flyd.not_tended",
               {{"what", what}, {"why", outcome.message()}});
  }

  // At the start, and now and then: ends of boots that nobody told of, history that is old enough to be forgotten.
  void Tend(absl::Duration after) {
    executor_->RunAfter(after, [this] {
      const absl::Time now = clock_.Now();
      // What one of them cannot do keeps none of the others.
      Tended("boots", supervisor_->operations().Reconcile());
      Tended("placements", RenewPlacements());
      Tended("history", store_->Compact(now - kHistoryKept, now));
      Tended("checkpoint", KeepCheckpoint());
      Tended("images", RemoveUnusedImages());
      Tend(kTendEvery);
    });
  }

  absl::Status Listen() {
    auto credentials = tokensvc::ServerCredentials(config_.tls, config_.fleet, clock_);
    if (!credentials.ok()) return credentials.status();
    machines_ = MakeMachinesService({.supervisor = *supervisor_,
                                     .store = *store_,
                                     .history = *store_,
                                     .host = *host_,
                                     .ids = tokensvc::RandomIds(),
                                     .external = external_,
                                     .bounds = processes_ == nullptr ? HostBounds{true, true, true} : processes_->bounds(),
                                     .worker = config_.worker,
                                     .run_dir = config_.run_dir});
    grpc::ServerBuilder builder;
    int port = 0;
    tokensvc::ApplyServerSettings(builder);
    builder.AddListeningPort(config_.listen, *credentials, &port);
    builder.RegisterService(machines_.get());
    control_ = builder.BuildAndStart();
    if (control_ == nullptr || port == 0) {
      return absl::UnavailableError(absl::StrCat("listen: ", config_.listen, " cannot be bound, want a free address"));
    }
    const std::string address = absl::StrCat(config_.listen.substr(0, config_.listen.rfind(':')), ":", port);
    log_.Write("flyd.ready", {{"worker", config_.worker}, {"address", address}});
    manager_.TellReady();
    return tokensvc::AnnounceReady(config_.ready_file, {{"program", "flyd"}, {"address", address}});
  }

  const FlydConfig config_;
  const tokensvc::Clock& clock_;
  ServiceManager& manager_;
  tokensvc::JsonLog log_;
  OpenFile alone_;  // while it is open no other flyd has the data
  std::unique_ptr<storage::RocksDbMachineStore> store_;
  std::unique_ptr<storage::SqliteKeyring> keyring_;
  std::unique_ptr<storage::SqliteLedger> ledger_;
  std::unique_ptr<tokensvc::GrpcSignerClient> signer_;
  std::unique_ptr<tokensvc::TokenService> tokens_;
  std::unique_ptr<Runtime> runtime_;
  BootControl* control_of_boots_ = nullptr;  // the runtime's other face
  ProcessRuntime* processes_ = nullptr;      // and its kind, where it runs processes
  ExternalRuntime* external_ = nullptr;      // or where somebody else does
  std::unique_ptr<tokensvc::HttpServer> guests_;
  std::unique_ptr<HttpGuestSockets> sockets_;
  std::unique_ptr<Host> host_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Executor> slow_executor_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<GuestGate> gate_;
  std::unique_ptr<grpc::Service> machines_;
  std::unique_ptr<grpc::Server> control_;
  std::optional<uint64_t> kept_at_;  // the store's last write in the checkpoint
  bool served_ = true;     // when the health was told last
  std::string complaint_;  // of the look before
};

}  // namespace

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Create(const FlydConfig& config, const tokensvc::Clock& clock,
                                                       ServiceManager& manager) {
  const sigset_t signals = EndingSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto daemon = std::make_unique<RunningDaemon>(config, clock, manager);
  if (absl::Status opened = daemon->Open(); !opened.ok()) return opened;
  return daemon;
}

}  // namespace flyd
