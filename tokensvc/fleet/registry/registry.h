#ifndef TOKENSVC_FLEET_REGISTRY_REGISTRY_H_
#define TOKENSVC_FLEET_REGISTRY_REGISTRY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tokensvc/fleet/database/sqlite_database.h"
#include "tokensvc/fleet/registry/machine_version.h"

namespace tokensvc {

struct AppRecord {
  uint64_t id = 0;
  uint64_t organization_id = 0;
  std::string name;
  absl::Time created;
};

// A machine as the authority knows it: where it stands, and how often it was assigned.
struct RegisteredMachine {
  std::string id;
  uint64_t app_id = 0;
  std::string name;
  std::string worker;
  std::string region;
  uint64_t generation = 1;
  // Entry of the fence that ended the generation before; 0 if none did.
  uint64_t fence_number = 0;
  bool retired = false;
};

// A machine with what its tokens are made of.
struct PlacedMachine {
  RegisteredMachine machine;
  AppRecord app;
  MachineVersion version;
};

// The names that the fleet log does not hold: apps, machines and their versions. A name or id that was used once is never
// used again, also after the machine is gone. Thread-safe; a call that answers OK is durable.
//
// Every call: Unavailable if the database cannot be read or written now.
class Registry {
 public:
  // Opens or creates the database at `path`. FailedPrecondition: its schema is newer than this program.
  static absl::StatusOr<std::unique_ptr<Registry>> Open(const std::string& path);

  // AlreadyExists: id or (organization, name) was used.
  absl::Status AddApp(const AppRecord& app);
  absl::StatusOr<AppRecord> FindApp(uint64_t organization_id, absl::string_view name);  // or NotFound
  absl::StatusOr<AppRecord> FindApp(uint64_t id);                                       // or NotFound
  // By name, after `after_name`.
  absl::StatusOr<std::vector<AppRecord>> ListApps(uint64_t organization_id, absl::string_view after_name, size_t limit);

  // AlreadyExists: id or (app, name) was used.
  absl::Status AddMachine(const RegisteredMachine& machine, const MachineVersion& version);
  absl::StatusOr<RegisteredMachine> FindMachine(absl::string_view id);  // or NotFound
  // Those that are not retired, by id, after `after_id`, each with its app and the version that was placed last.
  absl::StatusOr<std::vector<PlacedMachine>> ListMachines(absl::string_view after_id, size_t limit);
  // Replaces worker, region, generation, fence number and `retired`. Aborted unless the stored generation is
  // `expected_generation`.
  absl::Status UpdateMachine(const RegisteredMachine& machine, uint64_t expected_generation);

  // Adds or replaces one version of the machine.
  absl::Status PutVersion(absl::string_view machine_id, const MachineVersion& version);
  // Those whose last placement is valid at `now`, the newest first, at most kStandingVersions.
  absl::StatusOr<std::vector<MachineVersion>> StandingVersions(absl::string_view machine_id, absl::Time now);
  // One version, whatever its age; NotFound.
  absl::StatusOr<MachineVersion> FindVersion(absl::string_view machine_id, absl::string_view version);

 private:
  explicit Registry(std::unique_ptr<SqliteDatabase> db) : db_(std::move(db)) {}
  const std::unique_ptr<SqliteDatabase> db_;
};

// Versions of one machine whose placements are kept alive: the present one, one on its way, and two to go back to. An
// older one ends with its last placement.
inline constexpr size_t kStandingVersions = 4;

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_REGISTRY_REGISTRY_H_
