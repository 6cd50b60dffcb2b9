#ifndef FLYD_SUPERVISOR_MACHINE_WAITERS_H_
#define FLYD_SUPERVISOR_MACHINE_WAITERS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "storage/machine_record.h"

namespace flyd {

// What a machine is waited for: a state and, unless empty, the version that it is of.
struct MachineWish {
  storage::MachineState state = storage::MachineState::kCreated;
  std::string version;
};

// Who waits for machines. A wait costs memory and no thread, and a commit looks at the waits of its own machine alone.
// Thread-safe.
class MachineWaiters {
 public:
  static constexpr size_t kMostWaiting = 4096;
  using Done = absl::AnyInvocable<void(absl::StatusOr<storage::MachineRecord>)>;

  // The ticket. `done` is called once, by a Tell. ResourceExhausted, with a delay: kMostWaiting wait already.
  absl::StatusOr<uint64_t> Add(const std::string& machine_id, MachineWish wish, Done done) ABSL_LOCKS_EXCLUDED(mu_);

  // `done` is not called any more, unless a Tell has begun to.
  void Remove(uint64_t ticket) ABSL_LOCKS_EXCLUDED(mu_);

  // The machine's newest record. Ends the waits that it fulfils, and with FailedPrecondition those that nothing can fulfil any
  // more: the machine is destroyed, or its version is neither the desired one nor the boot's. Outside the lock.
  void Tell(const storage::MachineRecord& record) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Wait {
    uint64_t ticket = 0;
    MachineWish wish;
    Done done;
  };

  absl::Mutex mu_;
  uint64_t last_ticket_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<std::string, std::vector<Wait>> waits_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<uint64_t, std::string> machines_ ABSL_GUARDED_BY(mu_);  // by ticket
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_MACHINE_WAITERS_H_
