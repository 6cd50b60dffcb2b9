#include "tokensvc/signer/signer_server.h"

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tokensvc/rpc/peer_identity.h"
#include "tokensvc/rpc/server_settings.h"
#include "tokensvc/rpc/tls_credentials.h"
#include "tokensvc/signer/batch/batch_pipeline.h"
#include "tokensvc/signer/batch/sign_handler.h"
#include "tokensvc/signer/fleet/fleet_log_client.h"
#include "tokensvc/signer/keys/bundle_board.h"
#include "tokensvc/signer/keys/key_bundle.h"
#include "tokensvc/signer/keys/key_keeper.h"
#include "tokensvc/signer/keys/key_table.h"
#include "tokensvc/signer/keys/keys_handler.h"
#include "tokensvc/signer/log/signature_log.h"

namespace tokensvc {
namespace {

// How long calls that are under way may take when the server ends.
constexpr absl::Duration kShutdownGrace = absl::Milliseconds(500);

absl::Status MakeStateFolder(const std::string& dir) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(dir, error);
  if (error) return absl::UnavailableError(absl::StrCat(dir, ": ", error.message(), ", want a folder"));
  if (made && chmod(dir.c_str(), 0700) != 0) return absl::UnavailableError(absl::StrCat(dir, ": mode not set, want 0700"));
  return absl::OkStatus();
}

struct SignerState {
  std::unique_ptr<FleetView> fleet;
  std::unique_ptr<SignatureLog> signatures;
  std::unique_ptr<KeyTable> keys;
  HsmKey bundle_key;
};

absl::StatusOr<SignerState> OpenState(const SignerdConfig& config, Hsm& hsm) {
  if (absl::Status folder = MakeStateFolder(config.data_dir); !folder.ok()) return folder;
  SignerState state;
  absl::StatusOr<std::unique_ptr<FleetView>> fleet =
      FleetView::Open(config.data_dir + "/fleet_log.db", config.fleet_key_spki);
  if (!fleet.ok()) return fleet.status();
  state.fleet = *std::move(fleet);
  absl::StatusOr<std::unique_ptr<SignatureLog>> signatures = SignatureLog::Open(config.data_dir + "/signatures.db");
  if (!signatures.ok()) return signatures.status();
  state.signatures = *std::move(signatures);
  absl::StatusOr<std::unique_ptr<KeyTable>> keys = KeyTable::Open(config.data_dir + "/keys.db", hsm, config.key_group);
  if (!keys.ok()) return keys.status();
  state.keys = *std::move(keys);
  absl::StatusOr<HsmKey> bundle_key = FindOrGenerateKey(hsm, kBundleKeyId, HsmKeyType::kP256);
  if (!bundle_key.ok()) return bundle_key.status();
  state.bundle_key = *std::move(bundle_key);
  return state;
}

class RunningSignerServer final : public SignerServer {
 public:
  // Members in the order in which they need each other; destroyed in the reverse one.
  RunningSignerServer(const SignerdConfig& config, SignerState state, const SignerParts& parts)
      : fleet_(std::move(state.fleet)),
        signatures_(std::move(state.signatures)),
        keys_(std::move(state.keys)),
        keeper_(*fleet_, *keys_, parts.hsm, std::move(state.bundle_key), board_, parts.clock, parts.log),
        pipeline_(PipelineParts{.fleet = *fleet_,
                                .keys = *keys_,
                                .hsm = parts.hsm,
                                .log = *signatures_,
                                .clock = parts.clock,
                                .clock_quality = parts.clock_quality,
                                .ids = parts.ids,
                                .rules = parts.rules,
                                .hsm_sessions = config.hsm.sessions},
                  [&log = parts.log](const absl::Status& why) {
                    log.Write("signatures.lost", {{"why", why.message()}});
                    abort();  // a second try could call durable what is not
                  }),
        sign_(MakeSignService(pipeline_, config.fleet, parts.clock, parts.log)),
        keys_service_(MakeKeysService(board_)) {}

  ~RunningSignerServer() override {
    client_.reset();
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(kShutdownGrace));
    server_->Wait();
  }

  void Follow(const std::string& fleetd, std::shared_ptr<grpc::ChannelCredentials> credentials, JsonLog& log) {
    client_ = std::make_unique<FleetLogClient>(
        fleetd, std::move(credentials), *fleet_,
        [this](const FleetSnapshot& fleet) {
          keeper_.Wake();
          pipeline_.AwaitNothingBefore(fleet.state.number());
          Health().IgnoreError();  // it may have its lease now: nobody waits for the next look
        },
        log);
  }

  absl::Status Listen(const std::string& address, const std::shared_ptr<grpc::ServerCredentials>& credentials) {
    grpc::ServerBuilder builder;
    int port = 0;
    ApplyServerSettings(builder);
    builder.AddListeningPort(address, credentials, &port);
    builder.RegisterService(sign_.get());
    builder.RegisterService(keys_service_.get());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return absl::UnavailableError(absl::StrCat("listen: ", address, " cannot be bound, want a free address of this host"));
    }
    address_ = absl::StrCat(address.substr(0, address.rfind(':')), ":", port);
    Health().IgnoreError();  // told by the health service; nobody is told that it serves before it can sign
    return absl::OkStatus();
  }

  const std::string& address() const override { return address_; }
  FleetView& fleet() override { return *fleet_; }
  absl::Status KeepKeys() override { return keeper_.Keep(); }
  absl::Status Health() const override {
    const absl::Status health = pipeline_.Health();
    if (auto* service = server_->GetHealthCheckService(); service != nullptr) service->SetServingStatus(health.ok());
    return health;
  }

 private:
  const std::unique_ptr<FleetView> fleet_;
  const std::unique_ptr<SignatureLog> signatures_;
  const std::unique_ptr<KeyTable> keys_;
  BundleBoard board_;
  KeyKeeper keeper_;
  BatchPipeline pipeline_;
  const std::unique_ptr<grpc::Service> sign_;
  const std::unique_ptr<grpc::Service> keys_service_;
  std::unique_ptr<FleetLogClient> client_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SignerServer>> SignerServer::Start(const SignerdConfig& config, const SignerParts& parts) {
  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> own = ServerCredentials(config.tls, config.fleet, parts.clock);
  if (!own.ok()) return own.status();
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> to_fleetd =
      ChannelCredentials(config.tls, config.fleet, Role::kFleet, parts.clock);
  if (!to_fleetd.ok()) return to_fleetd.status();
  absl::StatusOr<SignerState> state = OpenState(config, parts.hsm);
  if (!state.ok()) return state.status();
  auto server = std::make_unique<RunningSignerServer>(config, *std::move(state), parts);
  if (absl::Status listening = server->Listen(config.listen, *own); !listening.ok()) return listening;
  server->Follow(config.fleetd, *std::move(to_fleetd), parts.log);
  return server;
}

}  // namespace tokensvc
