#ifndef TOKENSVC_FLEETLOG_FLEET_STATE_H_
#define TOKENSVC_FLEETLOG_FLEET_STATE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tokensvc/fleetlog/fleet_log_entry.h"
#include "tokensvc/fleetlog/fleet_log_values.h"

namespace tokensvc {

// The fleet document and the fences that a prefix of the fleet log amounts to. A value: copy it to keep a snapshot.
//
// Invariant: it is the fold of entries 1..number(), each chained to the one before; no slug ever names two
// organizations; minimum generations and worker fences only rise; a revoked placement key stays revoked.
class FleetState {
 public:
  FleetState();

  // FailedPrecondition: not the next entry of this chain, or it breaks a rule above; the state is as before.
  absl::Status Apply(const VerifiedFleetLogEntry& entry);

  uint64_t number() const { return number_; }
  const std::string& sha256() const { return sha256_; }  // of the last entry; 32 zero bytes at the start
  const std::optional<FleetSettings>& settings() const { return settings_; }

  // Null where there is none.
  const OrganizationIssuer* FindOrganization(uint64_t organization_id) const;
  const PlacementKey* FindPlacementKey(absl::string_view key_id) const;

  // By id; by (group, slot).
  const std::map<uint64_t, OrganizationIssuer>& organizations() const { return organizations_; }
  const std::map<std::pair<std::string, std::string>, KeySlot>& key_slots() const { return key_slots_; }

  // 0 where no fence names the machine.
  uint64_t MinimumGeneration(absl::string_view machine_id) const;
  // InfinitePast where no fence names the worker.
  absl::Time WorkerNotBefore(absl::string_view worker) const;
  bool IsPlacementKeyRevoked(absl::string_view key_id) const { return revoked_placement_keys_.contains(key_id); }

 private:
  absl::Status ApplyChange(const FleetSettings& settings);
  absl::Status ApplyChange(const OrganizationIssuer& issuer);
  absl::Status ApplyChange(const KeySlot& slot);
  absl::Status ApplyChange(const MachineFence& fence);
  absl::Status ApplyChange(const WorkerFence& fence);
  absl::Status ApplyChange(const PlacementKeyFence& fence);

  uint64_t number_ = 0;
  std::string sha256_;
  std::optional<FleetSettings> settings_;
  std::map<uint64_t, OrganizationIssuer> organizations_;
  absl::flat_hash_map<std::string, uint64_t> organization_by_slug_;
  std::map<std::pair<std::string, std::string>, KeySlot> key_slots_;
  absl::flat_hash_map<std::string, uint64_t> minimum_generation_;
  absl::flat_hash_map<std::string, absl::Time> worker_not_before_;
  absl::flat_hash_set<std::string> revoked_placement_keys_;
};

// State of a key at a time: a pure function of its slot. InfinitePast <= unpublished < published <= signing < stopped.
enum class KeyState : uint8_t { kUnpublished, kPublished, kSigning, kStopped, kRemoved };
KeyState KeyStateAt(const KeySlot& slot, absl::Time now);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEETLOG_FLEET_STATE_H_
