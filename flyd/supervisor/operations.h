#ifndef FLYD_SUPERVISOR_OPERATIONS_H_
#define FLYD_SUPERVISOR_OPERATIONS_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "flyd/runtime/boot_control.h"
#include "flyd/runtime/runtime.h"
#include "flyd/supervisor/boots.h"
#include "flyd/supervisor/guest_sockets.h"
#include "flyd/supervisor/machine_table.h"
#include "flyd/supervisor/operation_book.h"
#include "flyd/supervisor/scheduler.h"

namespace flyd {

inline constexpr char kExitingEvent[] = "exiting";

// Whether the machine's boot is one that is given up: whatever its state, it has no identity any more.
inline bool IsAbandoned(const std::optional<storage::OperationRecord>& present) {
  return present.has_value() && present->kind == KindName(OperationKind::kAbandon);
}

struct OperationParts {  // none is owned; all outlive the operations
  MachineTable& table;
  Boots& boots;
  OperationBook& book;
  Runtime& runtime;
  BootControl& control;
  GuestSockets& sockets;
  Scheduler& scheduler;
  Scheduler& slow;  // for what may take long: a boot that begins, stands still, or goes on. Perhaps the same one
};

// Does what stands in the store, step by step: before a step's effect it stands there, and what came of it is stored
// before the next. Effects of one machine never overlap, so what an order overtakes has ended before the order's own
// first effect. Thread-safe.
class Operations {
 public:
  explicit Operations(const OperationParts& parts) : parts_(parts) {}

  // Commits a change, perhaps with an operation in it, and goes on with that.
  absl::StatusOr<storage::MachineRecord> Commit(const storage::MachineChange& change) ABSL_LOCKS_EXCLUDED(mu_);

  // The machine's operation; nullopt: none. DataLoss.
  absl::StatusOr<std::optional<storage::OperationRecord>> Present(absl::string_view machine_id) const;

  // Ends a start that has not succeeded yet. NotFound. FailedPrecondition: another operation, or one that cannot be
  // cancelled. Aborted: the lease is somebody else's.
  absl::StatusOr<storage::MachineRecord> Cancel(const std::string& machine_id, const std::string& operation_id,
                                                absl::string_view lease_nonce);

  // The runtime tells of ends here (ExitSink).
  void OnExit(absl::string_view machine_id, absl::string_view boot_id, const BootExit& exit);

  // PID 1 reports that the workload runs, or something else that is an event only.
  absl::Status OnReport(const BootView& view, absl::string_view type, absl::string_view detail);

  // PID 1 reports how the workload ended: an event, kExitingEvent, that the end of the boot may take its code from.
  absl::Status OnEndReport(const BootView& view, const BootExit& end);

  // Finds a machine of the last process again, and goes on with its operation.
  absl::Status Recover(const storage::MachineRecord& record);

  // Finds a machine whose boot runs, so that it may go on minting, and goes on with nothing: where the store takes no changes.
  absl::Status Show(const storage::MachineRecord& record);

  // Compares every boot that should run with what the runtime knows of it: an end that nobody told of is found here.
  absl::Status Reconcile();

  // Operations in progress.
  size_t in_progress() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  using Record = storage::MachineRecord;
  using Operation = storage::OperationRecord;

  struct Step {
    Record record;
    Operation operation;
    OperationKind kind;
    OperationStep step;
  };
  struct Slot {
    bool busy = false;
    bool again = false;         // somebody wanted to while it was busy
    std::string seen;           // the step and attempt that the two times belong to
    absl::Time seen_at;         // by the wall clock, which may be stepped afterwards
    absl::Duration seen_since;  // by the monotonic one, which is not
  };
  // What an effect brought.
  struct Outcome {
    absl::Status status;
    std::optional<RunningBoot> running;  // of kLaunch
    std::optional<BootExit> exit;        // the boot was found ended
  };

  void Drive(const std::string& machine_id);
  void Run(const std::string& machine_id);
  enum class Lane { kQuick, kSlow };
  enum class Ran { kMore, kNoMore, kElsewhere };  // kElsewhere: it is the slow lane's to do
  void GoOn(const std::string& machine_id, Lane lane);
  bool Take(const std::string& machine_id) ABSL_LOCKS_EXCLUDED(mu_);
  bool Release(const std::string& machine_id) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Duration Left(const Step& step, absl::Time at) ABSL_LOCKS_EXCLUDED(mu_);

  Ran RunStep(const std::string& machine_id, Lane lane);
  absl::StatusOr<std::optional<Step>> Load(const std::string& machine_id) const;
  bool Waits(const Step& step, absl::Time until);
  Outcome Do(const Step& step);
  Outcome Launch(const Record& record);
  Outcome EndBoot(const Step& step, int signal);
  Outcome RemoveAll(const Record& record);
  void Prune(const Record& record);
  bool Settle(const Step& done, const Outcome& outcome);
  bool Keep(absl::StatusOr<Record> committed);

  storage::MachineChange Succeed(const Step& step, const Outcome& outcome);
  storage::MachineChange Fail(const Step& step, const absl::Status& why);
  storage::MachineChange Abandon(storage::MachineChange change, const Step& step, std::string why);
  storage::MachineChange Expire(const Step& step);
  void RecordRunner(const std::string& machine_id, const Step& done, const RunningBoot& running);
  void HandleExit(const std::string& machine_id, const std::string& boot_id, const BootExit& exit);
  absl::Status WriteEnd(storage::MachineChange& change, const std::optional<Operation>& present);
  bool CouldNotHear(const Record& record, const std::optional<Operation>& present) const ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status ReconcileOne(const Record& record);

  const OperationParts parts_;

  mutable absl::Mutex mu_;
  absl::flat_hash_map<std::string, Slot> slots_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_set<std::string> active_ ABSL_GUARDED_BY(mu_);  // machines with an operation
  // Boots that the last process was starting when it ended. It may have answered POST /boot without PID 1 hearing it: such
  // a boot cannot begin, and another takes its place.
  absl::flat_hash_set<std::string> interrupted_ ABSL_GUARDED_BY(mu_);
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_OPERATIONS_H_
