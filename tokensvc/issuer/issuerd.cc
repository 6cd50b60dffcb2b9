#include "tokensvc/issuer/issuerd.h"

#include <signal.h>

#include <utility>

#include "tokensvc/issuer/issuer_routes.h"
#include "tokensvc/rpc/ready_file.h"

namespace tokensvc {
namespace {

sigset_t EndingSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// Documents are asked for without bodies, and by anybody.
constexpr HttpLimits kPublicLimits = {.header_bytes = 16 * 1024, .body_bytes = 1024, .connections = 4096};

}  // namespace

absl::StatusOr<std::unique_ptr<Issuerd>> Issuerd::Create(const IssuerdConfig& config, const Clock& clock) {
  const sigset_t signals = EndingSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::unique_ptr<Issuerd> issuerd(new Issuerd(clock));
  absl::StatusOr<std::unique_ptr<BundleStore>> bundles =
      BundleStore::Open(config.data_dir, config.fleet, config.bundle_key_spki, clock);
  if (!bundles.ok()) return bundles.status();
  issuerd->bundles_ = *std::move(bundles);
  issuerd->server_ = std::make_unique<HttpServer>(
      kPublicLimits, 2, [raw = issuerd->bundles_.get(), &clock](std::shared_ptr<HttpExchange> exchange) {
        exchange->Send(RouteIssuerRequest(exchange->request, *raw, clock.Now()));
      });
  absl::StatusOr<std::string> address =
      config.https_certificate_file.empty()
          ? issuerd->server_->ListenTcp("public", config.listen)
          : issuerd->server_->ListenTls("public", config.listen, config.https_certificate_file,
                                        config.https_private_key_file);
  if (!address.ok()) return address.status();
  issuerd->address_ = *std::move(address);
  absl::StatusOr<std::unique_ptr<BundleClient>> client = BundleClient::Create(
      config.signers, config.tls, config.fleet, clock,
      {.bundle = [raw = issuerd.get()](const std::string& bundle) { raw->OnBundle(bundle); },
       .lost = [raw = issuerd.get()](absl::string_view signer, absl::string_view why) {
         raw->log_.Write("signer.lost", {{"signer", signer}, {"detail", why}});
       }});
  if (!client.ok()) return client.status();
  issuerd->client_ = *std::move(client);
  absl::Status ready = AnnounceReady(config.ready_file, {{"program", "issuerd"}, {"address", issuerd->address_}});
  if (!ready.ok()) return ready;
  return issuerd;
}

void Issuerd::OnBundle(const std::string& signed_bundle) {
  const absl::Status taken = bundles_->Take(signed_bundle);
  if (taken.ok()) return log_.Write("bundle.taken", {});
  log_.Write(absl::IsUnavailable(taken) ? "bundle.not_kept" : "alarm.bundle_refused", {{"detail", taken.message()}});
}

absl::Status Issuerd::RunUntilSignalled() {
  const sigset_t signals = EndingSignals();
  int signal = 0;
  sigwait(&signals, &signal);
  log_.Write("issuerd.stops", {});
  client_.reset();
  server_.reset();
  return absl::OkStatus();
}

}  // namespace tokensvc
