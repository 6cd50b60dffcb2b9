#include "tokensvc/signer/signerd.h"

#include <signal.h>
#include <time.h>

#include <string>
#include <utility>

#include "tokensvc/rpc/ready_file.h"
#include "tokensvc/signer/rules/sign_policy.h"
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

absl::StatusOr<std::unique_ptr<Signerd>> Signerd::Create(const SignerdConfig& config, const Clock& clock) {
  const sigset_t signals = EndingSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::unique_ptr<Signerd> signerd(new Signerd(config, clock));
  absl::StatusOr<std::unique_ptr<Pkcs11Token>> token = Pkcs11Token::Open(config.hsm, clock);
  if (!token.ok()) return token.status();
  signerd->token_ = *std::move(token);
  absl::StatusOr<std::unique_ptr<SignerServer>> server =
      SignerServer::Start(config, SignerParts{.hsm = *signerd->token_,
                                              .clock = clock,
                                              .clock_quality = signerd->quality_,
                                              .ids = RandomIds(),
                                              .log = signerd->log_,
                                              .rules = AllSignRules()});
  if (!server.ok()) return server.status();
  signerd->server_ = *std::move(server);
  const std::string& address = signerd->server_->address();
  signerd->log_.Write("signerd.ready", {{"fleet", config.fleet}, {"address", address}});
  absl::Status ready = AnnounceReady(config.ready_file, {{"program", "signerd"}, {"address", address}});
  if (!ready.ok()) return ready;
  return signerd;
}

absl::Status Signerd::RunUntilSignalled() {
  const sigset_t signals = EndingSignals();
  const timespec second = {.tv_sec = 1, .tv_nsec = 0};
  std::string complaint;
  while (sigtimedwait(&signals, nullptr, &second) <= 0) {
    const absl::Status health = server_->Health();
    if (complaint != health.message()) log_.Write("signerd.health", {{"ok", health.ok()}, {"why", health.message()}});
    complaint = std::string(health.message());
  }
  log_.Write("signerd.stops", {});
  server_.reset();
  return absl::OkStatus();
}

}  // namespace tokensvc
