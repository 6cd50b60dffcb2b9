#include "tokensvc/fleet/fleetd.h"

#include <signal.h>
#include <time.h>

#include <utility>

#include "tokensvc/fleet/keys/key_files.h"
#include "tokensvc/rpc/ready_file.h"
#include "tokensvc/unique_id_source.h"

namespace tokensvc {
namespace {

sigset_t EndingSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Fleetd>> Fleetd::Create(const FleetdConfig& config, const Clock& clock) {
  const sigset_t signals = EndingSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::unique_ptr<Fleetd> fleetd(new Fleetd(clock));
  absl::StatusOr<std::unique_ptr<Pkcs11Token>> token = Pkcs11Token::Open(config.pkcs11, clock);
  if (!token.ok()) return token.status();
  fleetd->token_ = *std::move(token);
  absl::StatusOr<HsmKey> key = FindOrGenerateKey(*fleetd->token_, config.key_label, HsmKeyType::kP256);
  if (!key.ok()) return key.status();
  fleetd->key_ = std::make_unique<HsmFleetKey>(*fleetd->token_, *std::move(key));
  if (!config.public_key_file.empty()) {
    if (absl::Status pem = WritePublicKeyPem(config.public_key_file, fleetd->key_->spki_der()); !pem.ok()) return pem;
  }
  absl::StatusOr<std::unique_ptr<FleetServer>> server =
      FleetServer::Start(config, *fleetd->key_, fleetd->log_, RandomIds(), clock);
  if (!server.ok()) return server.status();
  fleetd->server_ = *std::move(server);
  fleetd->log_.Write("fleetd.ready", {{"fleet", config.fleet}, {"address", fleetd->server_->address()}});
  absl::Status ready = AnnounceReady(config.ready_file, {{"program", "fleetd"}, {"address", fleetd->server_->address()}});
  if (!ready.ok()) return ready;
  return fleetd;
}

absl::Status Fleetd::RunUntilSignalled() {
  const sigset_t signals = EndingSignals();
  const timespec second = {.tv_sec = 1, .tv_nsec = 0};
  for (;;) {
    if (sigtimedwait(&signals, nullptr, &second) > 0) break;
    // What is in memory may be ahead of the disk: only a new start reads what is durable.
    if (absl::Status health = server_->health(); !health.ok()) {
      log_.Write("fleetd.broken", {{"detail", health.message()}});
      return health;
    }
  }
  log_.Write("fleetd.stops", {});
  server_.reset();
  return absl::OkStatus();
}

}  // namespace tokensvc
