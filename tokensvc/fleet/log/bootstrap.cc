#include "tokensvc/fleet/log/bootstrap.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tokensvc/es256/es256_verify.h"
#include "tokensvc/fleetlog/fleet_log_values.h"

namespace tokensvc {
namespace {

// A placement is dated a little back, and clocks differ.
constexpr absl::Duration kKeyBackdate = absl::Hours(1);
// Until rotation ends a key sooner.
constexpr absl::Duration kKeyLife = absl::Hours(24 * 3650);

absl::Status Fixed(absl::string_view field, absl::string_view configured, absl::string_view logged) {
  if (configured == logged) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(field, ": ", configured, ", want ", logged, ", which the fleet log was begun with"));
}

bool HoldsKey(const std::vector<PlacementKey>& keys, const std::string& key_id) {
  return std::any_of(keys.begin(), keys.end(), [&](const PlacementKey& key) { return key.key_id == key_id; });
}

absl::Status AddKeySlot(FleetLog& log, absl::string_view slot, SigningAlgorithm algorithm, absl::Time now) {
  if (log.HasKeySlot("default", slot)) return absl::OkStatus();
  return log
      .Append(KeySlot{.slot = std::string(slot),
                      .key_group = "default",
                      .algorithm = algorithm,
                      .published = now,
                      .signing = now,
                      .stopped = now + kKeyLife,
                      .removed = now + kKeyLife + absl::Hours(24)})
      .status();
}

}  // namespace

absl::Status Bootstrap(FleetLog& log, const FleetIdentity& identity, const FleetKey& key, absl::Time now) {
  now = absl::FromUnixSeconds(absl::ToUnixSeconds(now));
  const std::optional<FleetSettings> logged = log.settings();
  FleetSettings settings{.fleet = identity.fleet,
                         .issuer_base = identity.issuer_base,
                         .audience_base = identity.audience_base,
                         .placement_keys = {},
                         .ca_roots_pem = {identity.ca_roots_pem}};
  if (logged.has_value()) {
    if (absl::Status same = Fixed("fleet", identity.fleet, logged->fleet); !same.ok()) return same;
    if (absl::Status same = Fixed("issuer_base", identity.issuer_base, logged->issuer_base); !same.ok()) return same;
    settings.placement_keys = logged->placement_keys;
  }
  const std::string key_id = SpkiKeyId(key.spki_der());
  const bool new_key = !HoldsKey(settings.placement_keys, key_id);
  if (new_key) {
    settings.placement_keys.push_back({.key_id = key_id,
                                       .spki_der = key.spki_der(),
                                       .valid_from = now - kKeyBackdate,
                                       .valid_until = now + kKeyLife,
                                       .organization_ids = {}});
  }
  if (new_key || !logged.has_value() || logged->audience_base != settings.audience_base ||
      logged->ca_roots_pem != settings.ca_roots_pem) {
    if (absl::Status appended = log.Append(std::move(settings)).status(); !appended.ok()) return appended;
  }
  if (absl::Status slot = AddKeySlot(log, "rs256-1", SigningAlgorithm::kRs256, now); !slot.ok()) return slot;
  return AddKeySlot(log, "es256-1", SigningAlgorithm::kEs256, now);
}

}  // namespace tokensvc
