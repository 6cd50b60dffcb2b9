#include "tokensvc/fleet/fleet_server.h"

#include <grpcpp/impl/service_type.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/secret_bytes.h"
#include "tokensvc/fleet/authority/machine_authority.h"
#include "tokensvc/fleet/authority/organization_authority.h"
#include "tokensvc/fleet/keys/key_files.h"
#include "tokensvc/fleet/log/bootstrap.h"
#include "tokensvc/fleet/log/fleet_log.h"
#include "tokensvc/fleet/log/sqlite_fleet_log_store.h"
#include "tokensvc/fleet/registry/registry.h"
#include "tokensvc/fleet/service/enrolment_handler.h"
#include "tokensvc/fleet/service/fleet_audit.h"
#include "tokensvc/fleet/service/fleet_handler.h"
#include "tokensvc/fleet/service/follow_handler.h"
#include "tokensvc/rpc/server_settings.h"
#include "tokensvc/rpc/tls_credentials.h"

namespace tokensvc {
namespace {

// How long calls that are under way may take when the server ends.
constexpr absl::Duration kShutdownGrace = absl::Seconds(2);

absl::Status MakeStateFolder(const std::string& dir) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(dir, error);
  if (error) return absl::UnavailableError(absl::StrCat(dir, ": ", error.message(), ", want a folder"));
  if (made && chmod(dir.c_str(), 0700) != 0) return absl::UnavailableError(absl::StrCat(dir, ": mode not set, want 0700"));
  return absl::OkStatus();
}

std::string ReadWhole(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

class RunningFleetServer final : public FleetServer {
 public:
  // Members in the order in which they need each other; destroyed in the reverse one.
  RunningFleetServer(const FleetdConfig& config, std::unique_ptr<SqliteFleetLogStore> store,
                     std::unique_ptr<FleetLog> log, std::unique_ptr<Registry> registry, storage::SecretBytes macaroon_key,
                     FleetKey& key, JsonLog& lines, UniqueIdSource& ids, const Clock& clock)
      : store_(std::move(store)),
        log_(std::move(log)),
        registry_(std::move(registry)),
        macaroon_key_(std::move(macaroon_key)),
        audit_(config.fleet, lines, clock),
        organizations_(*log_, *registry_, ids, clock),
        machines_(organizations_, *log_, *registry_, key, ids, clock),
        fleet_(MakeFleetHandler(organizations_, machines_, *registry_, *log_, audit_)),
        follow_(MakeFollowHandler(config.fleet, *log_, lines, clock)),
        enrolment_(MakeEnrolmentHandler(config.fleet, macaroon_key_, *log_, machines_, audit_, clock)) {}

  ~RunningFleetServer() override {
    log_->Stop();
    if (server_ != nullptr) {
      server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoSeconds(kShutdownGrace));
      server_->Wait();
    }
  }

  absl::Status Listen(const std::string& address, const std::shared_ptr<grpc::ServerCredentials>& credentials) {
    grpc::ServerBuilder builder;
    int port = 0;
    ApplyServerSettings(builder);
    builder.AddListeningPort(address, credentials, &port);
    builder.RegisterService(fleet_.get());
    builder.RegisterService(follow_.get());
    builder.RegisterService(enrolment_.get());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return absl::UnavailableError(absl::StrCat("listen: ", address, " cannot be bound, want a free address of this host"));
    }
    address_ = absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
    return absl::OkStatus();
  }

  const std::string& address() const override { return address_; }
  absl::Status health() const override { return log_->health(); }

 private:
  const std::unique_ptr<SqliteFleetLogStore> store_;
  const std::unique_ptr<FleetLog> log_;
  const std::unique_ptr<Registry> registry_;
  const storage::SecretBytes macaroon_key_;
  FleetAudit audit_;
  OrganizationAuthority organizations_;
  MachineAuthority machines_;
  const std::unique_ptr<grpc::Service> fleet_;
  const std::unique_ptr<grpc::Service> follow_;
  const std::unique_ptr<grpc::Service> enrolment_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FleetServer>> FleetServer::Start(const FleetdConfig& config, FleetKey& key,
                                                                JsonLog& lines, UniqueIdSource& ids,
                                                                const Clock& clock) {
  if (absl::Status folder = MakeStateFolder(config.state_dir); !folder.ok()) return folder;
  absl::StatusOr<std::unique_ptr<SqliteFleetLogStore>> store =
      SqliteFleetLogStore::Open(config.state_dir + "/fleet_log.db");
  if (!store.ok()) return store.status();
  absl::StatusOr<std::unique_ptr<FleetLog>> log = FleetLog::Open(**store, key, clock);
  if (!log.ok()) return log.status();
  const FleetIdentity identity{config.fleet, config.issuer_base, config.audience_base, ReadWhole(config.tls.ca_file)};
  if (absl::Status begun = Bootstrap(**log, identity, key, clock.Now()); !begun.ok()) return begun;
  absl::StatusOr<std::unique_ptr<Registry>> registry = Registry::Open(config.state_dir + "/registry.db");
  if (!registry.ok()) return registry.status();
  absl::StatusOr<storage::SecretBytes> macaroon_key = LoadOrCreateMacaroonKey(config.state_dir + "/macaroon.key");
  if (!macaroon_key.ok()) return macaroon_key.status();
  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> credentials =
      ServerCredentials(config.tls, config.fleet, clock);
  if (!credentials.ok()) return credentials.status();
  auto server = std::make_unique<RunningFleetServer>(config, *std::move(store), *std::move(log), *std::move(registry),
                                                     *std::move(macaroon_key), key, lines, ids, clock);
  if (absl::Status listening = server->Listen(config.listen, *credentials); !listening.ok()) return listening;
  return server;
}

}  // namespace tokensvc
