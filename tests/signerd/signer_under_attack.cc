#include "tests/signerd/signer_under_attack.h"

#include <stdio.h>
#include <stdlib.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tokensvc/clock.h"
#include "tokensvc/rpc/peer_identity.h"

namespace tests {
namespace {

void Need(const absl::Status& status) {
  if (status.ok()) return;
  fprintf(stderr, "%s\n", status.ToString().c_str());
  abort();
}

}  // namespace

SharedHsm::SharedHsm()
    : clock(absl::FromUnixSeconds(absl::ToUnixSeconds(tokensvc::RealClock().Now()))) {
  absl::StatusOr<std::unique_ptr<tokensvc::Pkcs11Token>> opened = tokensvc::Pkcs11Token::Open(soft.options(2), clock);
  Need(opened.status());
  token = *std::move(opened);
}

SignerUnderAttack::SignerUnderAttack(SharedHsm& shared, std::vector<tokensvc::SignRule> rules)
    : shared_(shared), rules_(std::move(rules)), authority_(shared.clock.Now()), log_(shared.clock, -1) {
  const tokensvc::SignerdConfig config{.fleet = shared.fleet.name(),
                                       .listen = "127.0.0.1:0",
                                       .tls = shared.fleet.Leaf(tokensvc::Role::kSigner, "s1"),
                                       .hsm = shared.soft.options(2),
                                       .fleetd = "unix:" + folder_.path() + "/nobody",
                                       .fleet_key_spki = authority_.key().spki_der(),
                                       .data_dir = folder_.path() + "/data",
                                       .ready_file = "",
                                       .require_synchronized_clock = true,
                                       .key_group = "default"};
  absl::StatusOr<std::unique_ptr<tokensvc::SignerServer>> started =
      tokensvc::SignerServer::Start(config, {.hsm = *shared.token,
                                             .clock = shared.clock,
                                             .clock_quality = quality_,
                                             .ids = tokensvc::RandomIds(),
                                             .log = log_,
                                             .rules = rules_});
  Need(started.status());
  server_ = *std::move(started);
  Apply({});
}

void SignerUnderAttack::Apply(const std::vector<tokensvc::FleetChange>& changes) {
  for (const tokensvc::FleetChange& change : changes) authority_.Append(change);
  const std::vector<std::string>& all = authority_.entries();
  Need(server_->fleet().Apply(absl::MakeConstSpan(all).subspan(applied_), ""));
  applied_ = all.size();
  Need(server_->KeepKeys());
}

void SignerUnderAttack::ApplyHead(absl::Time issued, absl::Time expires) {
  Need(server_->fleet().Apply({}, authority_.Head(issued, expires)));
}

std::vector<tokensvc::SignatureRow> SignerUnderAttack::EndAndReadLog() {
  server_.reset();
  absl::StatusOr<std::unique_ptr<tokensvc::SignatureLog>> log =
      tokensvc::SignatureLog::Open(folder_.path() + "/data/signatures.db");
  Need(log.status());
  Need((*log)->Verify().status());
  absl::StatusOr<std::vector<tokensvc::SignatureRow>> rows = (*log)->Read(1, 10'000);
  Need(rows.status());
  return *std::move(rows);
}

}  // namespace tests
