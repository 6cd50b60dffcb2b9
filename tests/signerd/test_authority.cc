#include "tests/signerd/test_authority.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/status/statusor.h"
#include "tokensvc/es256/es256_verify.h"
#include "tokensvc/fleetlog/fleet_log_entry.h"

namespace tests {

using tokensvc::SigningAlgorithm;

TestAuthority::TestAuthority(absl::Time now) : now_(absl::FromUnixSeconds(absl::ToUnixSeconds(now))) {
  Append(Settings());
  Append(Acme());
  for (const auto& [slot, algorithm] :
       {std::pair("rs256-1", SigningAlgorithm::kRs256), std::pair("es256-1", SigningAlgorithm::kEs256)}) {
    Append(tokensvc::KeySlot{.slot = slot,
                             .key_group = "default",
                             .algorithm = algorithm,
                             .published = now_ - absl::Hours(1),
                             .signing = now_ - absl::Hours(1),
                             .stopped = now_ + absl::Hours(1000),
                             .removed = now_ + absl::Hours(1001)});
  }
}

tokensvc::OrganizationIssuer TestAuthority::Acme() { return {.organization_id = 11, .slug = "acme"}; }

tokensvc::PlacementKey TestAuthority::PlacementKey() const {
  return {.key_id = key_.key_id(),
          .spki_der = key_.spki_der(),
          .valid_from = now_ - absl::Hours(100),
          .valid_until = now_ + absl::Hours(100),
          .organization_ids = {}};
}

tokensvc::FleetSettings TestAuthority::Settings() const {
  return {.fleet = "test.fleet",
          .issuer_base = "https://oidc.example",
          .audience_base = "https://fly.example",
          .placement_keys = {PlacementKey()},
          .ca_roots_pem = {}};
}

const std::string& TestAuthority::Append(tokensvc::FleetChange change) {
  const absl::StatusOr<std::string> payload = tokensvc::EncodeFleetLogPayload(
      {.key_id = key_.key_id(),
       .number = entries_.size() + 1,
       .previous_sha256 = entries_.empty() ? std::string(32, '\0') : tokensvc::Sha256(entries_.back()),
       .appended_at = now_,
       .change = std::move(change)});
  if (!payload.ok()) {
    std::fprintf(stderr, "%s\n", payload.status().ToString().c_str());
    std::abort();
  }
  entries_.push_back(
      tokensvc::AssembleSignedFleetLogEntry(*payload, key_.Sign(tokensvc::FleetLogSigningInput(*payload))));
  return entries_.back();
}

std::string TestAuthority::Head(absl::Time issued, absl::Time expires) const {
  const std::string payload = tokensvc::EncodeFleetHeadPayload({.key_id = key_.key_id(),
                                                                .number = entries_.size(),
                                                                .entry_sha256 = tokensvc::Sha256(entries_.back()),
                                                                .issued = issued,
                                                                .expires = expires});
  return tokensvc::AssembleSignedFleetHead(payload, key_.Sign(tokensvc::FleetHeadSigningInput(payload)));
}

}  // namespace tests
