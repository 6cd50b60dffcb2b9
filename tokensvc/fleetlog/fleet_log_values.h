#ifndef TOKENSVC_FLEETLOG_FLEET_LOG_VALUES_H_
#define TOKENSVC_FLEETLOG_FLEET_LOG_VALUES_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"

// The fleet log's entries and heads as values; proto/fleet/v1/fleet_log.proto says what each field means and its bounds.
namespace tokensvc {

// Persisted in every fleet log. A number is never reused.
enum class SigningAlgorithm : uint8_t { kRs256 = 1, kEs256 = 2 };
enum class IssuerState : uint8_t { kActive = 1, kStopped = 2, kDeleted = 3 };

struct PlacementKey {
  std::string key_id;
  std::string spki_der;
  absl::Time valid_from;
  absl::Time valid_until;
  std::vector<uint64_t> organization_ids;  // empty: all
};

struct FleetSettings {
  std::string fleet;
  std::string issuer_base;
  std::string audience_base;
  std::vector<PlacementKey> placement_keys;
  std::vector<std::string> ca_roots_pem;
};

struct OrganizationIssuer {
  uint64_t organization_id = 0;
  std::string slug;
  SigningAlgorithm algorithm = SigningAlgorithm::kRs256;
  uint32_t epoch = 1;
  IssuerState state = IssuerState::kActive;
  bool development = false;
  std::string key_group = "default";
};

// published <= signing <= stopped <= removed.
struct KeySlot {
  std::string slot;
  std::string key_group;
  SigningAlgorithm algorithm = SigningAlgorithm::kRs256;
  absl::Time published;
  absl::Time signing;
  absl::Time stopped;
  absl::Time removed;
};

struct MachineFence {
  std::string machine_id;
  uint64_t minimum_generation = 0;
};
struct WorkerFence {
  std::string worker;
  absl::Time not_before;
};
struct PlacementKeyFence {
  std::string key_id;
};

using FleetChange =
    std::variant<FleetSettings, OrganizationIssuer, KeySlot, MachineFence, WorkerFence, PlacementKeyFence>;

struct FleetLogEntry {
  std::string key_id;  // of the fleet key
  uint64_t number = 0;
  std::string previous_sha256;  // 32 bytes
  absl::Time appended_at;
  FleetChange change;
};

struct FleetHead {
  std::string key_id;
  uint64_t number = 0;
  std::string entry_sha256;  // 32 bytes
  absl::Time issued;
  absl::Time expires;
};

}  // namespace tokensvc

#endif  // TOKENSVC_FLEETLOG_FLEET_LOG_VALUES_H_
