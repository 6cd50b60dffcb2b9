#ifndef FLYD_SUPERVISOR_BOOTS_H_
#define FLYD_SUPERVISOR_BOOTS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "flyd/supervisor/boot_gate.h"
#include "flyd/supervisor/boot_registry.h"
#include "flyd/supervisor/machine_table.h"
#include "storage/keyring.h"
#include "tokensvc/fleetlog/fleet_log_values.h"
#include "tokensvc/unique_id_source.h"

namespace flyd {

struct WorkerIdentity {
  std::string worker;
  uint32_t key_epoch = 0;  // of the Macaroon root key that new boots use
  std::vector<tokensvc::PlacementKey> placement_keys;
};

// The identities of boots: how one begins, which one may mint, and what its PID 1 is handed. Thread-safe.
class Boots {
 public:
  // None is owned; all outlive this.
  Boots(MachineTable& table, const storage::Keyring& keyring, tokensvc::UniqueIdSource& ids,
        const WorkerIdentity& identity)
      : table_(table), keyring_(keyring), ids_(ids), identity_(identity) {}

  // Puts a new boot of the desired version into the record. The caller holds the machine's lock and commits it.
  absl::Status Begin(storage::MachineRecord& record);

  // From now on the record's boot may mint; `booting`: its workload has not begun yet. The caller holds the machine's lock,
  // so that no order comes in between. NotFound: its placement is not stored.
  absl::Status Publish(const storage::MachineRecord& record, bool booting);

  BootRegistry& registry() { return registry_; }

  // As BootGate::TakeBootAnswer.
  absl::StatusOr<std::string> TakeAnswer(absl::string_view machine_id) ABSL_LOCKS_EXCLUDED(alarm_mu_);

  // Nothing is kept of the machine any more.
  void Forget(absl::string_view machine_id) ABSL_LOCKS_EXCLUDED(alarm_mu_);

 private:
  void AlarmOfSecondRequest(const storage::MachineRecord& record) ABSL_LOCKS_EXCLUDED(alarm_mu_);

  MachineTable& table_;
  const storage::Keyring& keyring_;
  tokensvc::UniqueIdSource& ids_;
  const WorkerIdentity& identity_;
  BootRegistry registry_;
  absl::Mutex alarm_mu_;
  // The boot of each machine that asked for its answer twice.
  absl::flat_hash_map<std::string, std::string> alarmed_ ABSL_GUARDED_BY(alarm_mu_);
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_BOOTS_H_
