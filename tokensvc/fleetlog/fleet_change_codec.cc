#include "tokensvc/fleetlog/fleet_change_codec.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/fleet/v1/fleet_log.pb.h"
#include "tokensvc/es256/es256_verify.h"
#include "tokensvc/limits.h"
#include "tokensvc/names.h"

namespace tokensvc {
namespace {

namespace pb = fly::fleet::v1;

absl::Status Bad(absl::string_view field, absl::string_view found, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", found, ", want ", want));
}

absl::Status Named(absl::string_view field, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", status.message()));
}

// An issuer is what verifiers compare byte for byte: https, and nothing that a URL library would normalize away.
absl::Status CheckBase(absl::string_view field, absl::string_view base) {
  const bool scheme = absl::StartsWith(base, "https://") || absl::StartsWith(base, "http://");
  if (scheme && base.size() <= 200 && base.back() != '/' && base.find_first_of("?#@ \t\r\n") == base.npos) {
    return absl::OkStatus();
  }
  return Bad(field, absl::StrCat("\"", base, "\""), "an http(s) URL without query, fragment or trailing slash");
}

absl::StatusOr<SigningAlgorithm> Algorithm(pb::SigningAlgorithm proto) {
  if (proto == pb::SIGNING_ALGORITHM_RS256) return SigningAlgorithm::kRs256;
  if (proto == pb::SIGNING_ALGORITHM_ES256) return SigningAlgorithm::kEs256;
  return Bad("algorithm", absl::StrCat(proto), "1 (RS256) or 2 (ES256)");
}

absl::StatusOr<FleetChange> SettingsFromProto(const pb::FleetSettings& proto) {
  FleetSettings settings{.fleet = proto.fleet(),
                         .issuer_base = proto.issuer_base(),
                         .audience_base = proto.audience_base(),
                         .placement_keys = {},
                         .ca_roots_pem = {proto.ca_roots_pem().begin(), proto.ca_roots_pem().end()}};
  if (settings.fleet.empty() || settings.fleet.size() > 63) return Bad("fleet", settings.fleet, "1..63 bytes");
  if (absl::Status status = CheckBase("issuer_base", settings.issuer_base); !status.ok()) return status;
  if (absl::Status status = CheckBase("audience_base", settings.audience_base); !status.ok()) return status;
  for (const pb::PlacementKey& key : proto.placement_keys()) {
    absl::StatusOr<PlacementKey> parsed = PlacementKeyFromProto(key);
    if (!parsed.ok()) return parsed.status();
    settings.placement_keys.push_back(*std::move(parsed));
  }
  return settings;
}

absl::StatusOr<FleetChange> FenceFromProto(const pb::Fence& proto) {
  switch (proto.rule_case()) {
    case pb::Fence::kMachine:
      if (absl::Status status = CheckMachineId(proto.machine().machine_id()); !status.ok()) {
        return Named("fence machine_id", status);
      }
      return MachineFence{proto.machine().machine_id(), proto.machine().minimum_generation()};
    case pb::Fence::kWorker:
      if (absl::Status status = CheckName(proto.worker().worker(), kMaxWorkerNameBytes); !status.ok()) {
        return Named("fence worker", status);
      }
      return WorkerFence{proto.worker().worker(), absl::FromUnixSeconds(proto.worker().not_before_unix())};
    case pb::Fence::kPlacementKey:
      return PlacementKeyFence{proto.placement_key().key_id()};
    case pb::Fence::RULE_NOT_SET:
      break;
  }
  return Bad("fence", "no rule", "machine, worker or placement_key");
}

struct ChangeWriter {
  pb::FleetLogEntry& proto;

  void operator()(const FleetSettings& settings) const {
    pb::FleetSettings& out = *proto.mutable_settings();
    out.set_fleet(settings.fleet);
    out.set_issuer_base(settings.issuer_base);
    out.set_audience_base(settings.audience_base);
    for (const PlacementKey& key : settings.placement_keys) PlacementKeyToProto(key, *out.add_placement_keys());
    for (const std::string& root : settings.ca_roots_pem) out.add_ca_roots_pem(root);
  }
  void operator()(const OrganizationIssuer& issuer) const { IssuerToProto(issuer, *proto.mutable_organization()); }
  void operator()(const KeySlot& slot) const { KeySlotToProto(slot, *proto.mutable_key_slot()); }
  void operator()(const MachineFence& fence) const {
    pb::MachineFence& out = *proto.mutable_fence()->mutable_machine();
    out.set_machine_id(fence.machine_id);
    out.set_minimum_generation(fence.minimum_generation);
  }
  void operator()(const WorkerFence& fence) const {
    pb::WorkerFence& out = *proto.mutable_fence()->mutable_worker();
    out.set_worker(fence.worker);
    out.set_not_before_unix(absl::ToUnixSeconds(fence.not_before));
  }
  void operator()(const PlacementKeyFence& fence) const {
    proto.mutable_fence()->mutable_placement_key()->set_key_id(fence.key_id);
  }
};

}  // namespace

absl::StatusOr<PlacementKey> PlacementKeyFromProto(const pb::PlacementKey& proto) {
  if (SpkiKeyId(proto.spki_der()) != proto.key_id()) {
    return Bad("placement key key_id", proto.key_id(), SpkiKeyId(proto.spki_der()));
  }
  return PlacementKey{.key_id = proto.key_id(),
                      .spki_der = proto.spki_der(),
                      .valid_from = absl::FromUnixSeconds(proto.valid_from_unix()),
                      .valid_until = absl::FromUnixSeconds(proto.valid_until_unix()),
                      .organization_ids = {proto.organization_ids().begin(), proto.organization_ids().end()}};
}

absl::StatusOr<OrganizationIssuer> IssuerFromProto(const pb::OrganizationIssuer& proto) {
  if (proto.organization_id() == 0) return Bad("organization_id", "0", "a number above 0");
  if (absl::Status status = CheckName(proto.slug(), kMaxOrganizationSlugBytes); !status.ok()) {
    return Named("slug", status);
  }
  if (absl::Status status = CheckName(proto.key_group(), 32); !status.ok()) return Named("key_group", status);
  if (proto.epoch() == 0) return Bad("epoch", "0", "at least 1");
  if (proto.state() < pb::OrganizationIssuer::STATE_ACTIVE || proto.state() > pb::OrganizationIssuer::STATE_DELETED) {
    return Bad("state", absl::StrCat(proto.state()), "1..3");
  }
  absl::StatusOr<SigningAlgorithm> algorithm = Algorithm(proto.algorithm());
  if (!algorithm.ok()) return algorithm.status();
  return OrganizationIssuer{.organization_id = proto.organization_id(),
                            .slug = proto.slug(),
                            .algorithm = *algorithm,
                            .epoch = proto.epoch(),
                            .state = static_cast<IssuerState>(proto.state()),
                            .development = proto.development(),
                            .key_group = proto.key_group()};
}

absl::StatusOr<KeySlot> KeySlotFromProto(const pb::KeySlot& proto) {
  if (absl::Status status = CheckName(proto.slot(), 32); !status.ok()) return Named("slot", status);
  if (absl::Status status = CheckName(proto.key_group(), 32); !status.ok()) return Named("key_group", status);
  absl::StatusOr<SigningAlgorithm> algorithm = Algorithm(proto.algorithm());
  if (!algorithm.ok()) return algorithm.status();
  if (proto.published_unix() > proto.signing_unix() || proto.signing_unix() > proto.stopped_unix() ||
      proto.stopped_unix() > proto.removed_unix()) {
    return Bad(absl::StrCat("key slot ", proto.slot()), "times out of order", "published <= signing <= stopped <= removed");
  }
  return KeySlot{.slot = proto.slot(),
                 .key_group = proto.key_group(),
                 .algorithm = *algorithm,
                 .published = absl::FromUnixSeconds(proto.published_unix()),
                 .signing = absl::FromUnixSeconds(proto.signing_unix()),
                 .stopped = absl::FromUnixSeconds(proto.stopped_unix()),
                 .removed = absl::FromUnixSeconds(proto.removed_unix())};
}

absl::StatusOr<FleetChange> ChangeFromProto(const pb::FleetLogEntry& proto) {
  switch (proto.change_case()) {
    case pb::FleetLogEntry::kSettings:
      return SettingsFromProto(proto.settings());
    case pb::FleetLogEntry::kOrganization:
      return IssuerFromProto(proto.organization());
    case pb::FleetLogEntry::kKeySlot:
      return KeySlotFromProto(proto.key_slot());
    case pb::FleetLogEntry::kFence:
      return FenceFromProto(proto.fence());
    case pb::FleetLogEntry::CHANGE_NOT_SET:
      break;
  }
  return Bad("change", "none", "settings, organization, key_slot or fence");
}

void PlacementKeyToProto(const PlacementKey& key, pb::PlacementKey& proto) {
  proto.set_key_id(key.key_id);
  proto.set_spki_der(key.spki_der);
  proto.set_valid_from_unix(absl::ToUnixSeconds(key.valid_from));
  proto.set_valid_until_unix(absl::ToUnixSeconds(key.valid_until));
  proto.mutable_organization_ids()->Assign(key.organization_ids.begin(), key.organization_ids.end());
}

void IssuerToProto(const OrganizationIssuer& issuer, pb::OrganizationIssuer& proto) {
  proto.set_organization_id(issuer.organization_id);
  proto.set_slug(issuer.slug);
  proto.set_algorithm(static_cast<pb::SigningAlgorithm>(issuer.algorithm));
  proto.set_epoch(issuer.epoch);
  proto.set_state(static_cast<pb::OrganizationIssuer::State>(issuer.state));
  proto.set_development(issuer.development);
  proto.set_key_group(issuer.key_group);
}

void KeySlotToProto(const KeySlot& slot, pb::KeySlot& proto) {
  proto.set_slot(slot.slot);
  proto.set_key_group(slot.key_group);
  proto.set_algorithm(static_cast<pb::SigningAlgorithm>(slot.algorithm));
  proto.set_published_unix(absl::ToUnixSeconds(slot.published));
  proto.set_signing_unix(absl::ToUnixSeconds(slot.signing));
  proto.set_stopped_unix(absl::ToUnixSeconds(slot.stopped));
  proto.set_removed_unix(absl::ToUnixSeconds(slot.removed));
}

void ChangeToProto(const FleetChange& change, pb::FleetLogEntry& proto) { std::visit(ChangeWriter{proto}, change); }

}  // namespace tokensvc
