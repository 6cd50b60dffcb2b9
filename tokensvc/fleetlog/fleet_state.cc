#include "tokensvc/fleetlog/fleet_state.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tokensvc {
namespace {

absl::Status Broken(absl::string_view subject, absl::string_view found, absl::string_view want) {
  return absl::FailedPreconditionError(absl::StrCat(subject, ": ", found, ", want ", want));
}

}  // namespace

FleetState::FleetState() : sha256_(32, '\0') {}

absl::Status FleetState::Apply(const VerifiedFleetLogEntry& verified) {
  const FleetLogEntry& entry = verified.entry();
  if (entry.number != number_ + 1) {
    return Broken("fleet log entry", absl::StrCat(entry.number), absl::StrCat(number_ + 1));
  }
  if (entry.previous_sha256 != sha256_) {
    return Broken(absl::StrCat("fleet log entry ", entry.number, " previous"),
                  absl::BytesToHexString(entry.previous_sha256), absl::BytesToHexString(sha256_));
  }
  const absl::Status applied = std::visit([this](const auto& change) { return ApplyChange(change); }, entry.change);
  if (!applied.ok()) {
    return absl::FailedPreconditionError(absl::StrCat("fleet log entry ", entry.number, ", ", applied.message()));
  }
  number_ = entry.number;
  sha256_ = verified.sha256();
  return absl::OkStatus();
}

absl::Status FleetState::ApplyChange(const FleetSettings& settings) {
  if (settings_.has_value() && settings_->fleet != settings.fleet) {
    return Broken("fleet", settings.fleet, settings_->fleet);
  }
  settings_ = settings;
  return absl::OkStatus();
}

absl::Status FleetState::ApplyChange(const OrganizationIssuer& issuer) {
  const auto owner = organization_by_slug_.find(issuer.slug);
  if (owner != organization_by_slug_.end() && owner->second != issuer.organization_id) {
    return Broken(absl::StrCat("slug ", issuer.slug), absl::StrCat("organization ", issuer.organization_id),
                  absl::StrCat("organization ", owner->second));
  }
  const auto known = organizations_.find(issuer.organization_id);
  if (known != organizations_.end()) {
    const OrganizationIssuer& before = known->second;
    const std::string subject = absl::StrCat("organization ", issuer.organization_id);
    if (before.slug != issuer.slug) return Broken(subject, issuer.slug, absl::StrCat("slug ", before.slug));
    if (before.algorithm != issuer.algorithm) return Broken(subject, "another algorithm", "the one it was created with");
    if (before.epoch > issuer.epoch) {
      return Broken(subject, absl::StrCat("epoch ", issuer.epoch), absl::StrCat("at least ", before.epoch));
    }
    if (before.state == IssuerState::kDeleted) return Broken(subject, "a change", "none: it is deleted");
  }
  organization_by_slug_[issuer.slug] = issuer.organization_id;
  organizations_[issuer.organization_id] = issuer;
  return absl::OkStatus();
}

absl::Status FleetState::ApplyChange(const KeySlot& slot) {
  const auto key = std::make_pair(slot.key_group, slot.slot);
  const auto known = key_slots_.find(key);
  if (known != key_slots_.end() && known->second.algorithm != slot.algorithm) {
    return Broken(absl::StrCat("key slot ", slot.slot), "another algorithm", "the one it was made with");
  }
  key_slots_[key] = slot;
  return absl::OkStatus();
}

absl::Status FleetState::ApplyChange(const MachineFence& fence) {
  uint64_t& minimum = minimum_generation_[fence.machine_id];
  minimum = std::max(minimum, fence.minimum_generation);
  return absl::OkStatus();
}

absl::Status FleetState::ApplyChange(const WorkerFence& fence) {
  absl::Time& not_before = worker_not_before_.try_emplace(fence.worker, absl::InfinitePast()).first->second;
  not_before = std::max(not_before, fence.not_before);
  return absl::OkStatus();
}

absl::Status FleetState::ApplyChange(const PlacementKeyFence& fence) {
  revoked_placement_keys_.insert(fence.key_id);
  return absl::OkStatus();
}

const OrganizationIssuer* FleetState::FindOrganization(uint64_t organization_id) const {
  const auto found = organizations_.find(organization_id);
  return found == organizations_.end() ? nullptr : &found->second;
}

const PlacementKey* FleetState::FindPlacementKey(absl::string_view key_id) const {
  if (!settings_.has_value()) return nullptr;
  for (const PlacementKey& key : settings_->placement_keys) {
    if (key.key_id == key_id) return &key;
  }
  return nullptr;
}

uint64_t FleetState::MinimumGeneration(absl::string_view machine_id) const {
  const auto found = minimum_generation_.find(machine_id);
  return found == minimum_generation_.end() ? 0 : found->second;
}

absl::Time FleetState::WorkerNotBefore(absl::string_view worker) const {
  const auto found = worker_not_before_.find(worker);
  return found == worker_not_before_.end() ? absl::InfinitePast() : found->second;
}

KeyState KeyStateAt(const KeySlot& slot, absl::Time now) {
  if (now < slot.published) return KeyState::kUnpublished;
  if (now < slot.signing) return KeyState::kPublished;
  if (now < slot.stopped) return KeyState::kSigning;
  if (now < slot.removed) return KeyState::kStopped;
  return KeyState::kRemoved;
}

}  // namespace tokensvc
