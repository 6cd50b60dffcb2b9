#ifndef FLYD_SUPERVISOR_SUPERVISOR_H_
#define FLYD_SUPERVISOR_SUPERVISOR_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flyd/runtime/boot_control.h"
#include "flyd/runtime/runtime.h"
#include "flyd/supervisor/boot_gate.h"
#include "flyd/supervisor/boots.h"
#include "flyd/supervisor/guest_sockets.h"
#include "flyd/supervisor/machine_state.h"
#include "flyd/supervisor/machine_table.h"
#include "flyd/supervisor/machine_waiters.h"
#include "flyd/supervisor/operation_book.h"
#include "flyd/supervisor/operations.h"
#include "flyd/supervisor/orders.h"
#include "flyd/supervisor/placement_check.h"
#include "flyd/supervisor/scheduler.h"
#include "storage/keyring.h"
#include "storage/machine_store.h"
#include "tokensvc/clock.h"
#include "tokensvc/unique_id_source.h"

namespace flyd {

using storage::MachineState;

// Whether an operation of the kind may begin now (Host::Admit). `in_progress`: those that have begun and not ended.
// Thread-safe.
using Admission = std::function<absl::Status(OperationKind kind, size_t in_progress)>;

struct SupervisorParts {  // none is owned; all outlive the supervisor
  storage::MachineStore& store;
  Runtime& runtime;
  BootControl& control;
  GuestSockets& sockets;
  const storage::Keyring& keyring;
  const tokensvc::Clock& clock;
  tokensvc::UniqueIdSource& ids;
  Scheduler& scheduler;
  Scheduler* slow_scheduler = nullptr;  // of what may take long (TakesLong); null: the same
  SupervisorLog log;
  Admission admission;
  MachineTable::OnLost on_lost;
  PlacementKeySource placement_keys;  // empty: those of the worker's identity are all
};

// Keeps the machines of this worker in the states that the control plane ordered.
//
// Every order is one synced commit of record, event and operation; the operation's steps follow (operations.h). A
// supervisor that is killed anywhere and starts again with Recover() goes on from the last commit. What a call has
// answered with OK survives.
//
// Thread-safe. Calls block for a commit, never for an effect. Codes of all: NotFound, no such machine; Aborted, another
// revision or a lease of somebody else; FailedPrecondition, not from this state; InvalidArgument, the placement or a
// repeated request id with another request; ResourceExhausted, later; DataLoss, the store failed and the process must end.
class Supervisor final : public BootGate {
 public:
  Supervisor(SupervisorParts parts, WorkerIdentity identity);

  // Effects that have begun are waited for; machines run on.
  ~Supervisor() override;

  // Finds the boots of the last process again, resumes what it had begun, and ends what runs unrecorded. Once, before
  // anything else.
  //
  // Where the store takes no changes (MachineStore::Changeable): finds what runs of what it knows, which goes on minting.
  // Nothing is begun or ended, orders are refused, and an end is recorded when there is a store again.
  absl::Status Recover();

  Operations& operations() { return operations_; }
  MachineTable& table() { return table_; }

  absl::StatusOr<storage::MachineRecord> Create(const CreateMachine& order);
  // Resumes a suspended machine. One that starts or has started is answered as it is.
  absl::StatusOr<storage::MachineRecord> Start(const std::string& id, const Guard& guard);
  // Answers once no token of the boot can leave any more. A machine that is stopping is answered as it is, unless this one
  // ends it sooner: by SIGKILL, or an earlier timeout.
  absl::StatusOr<storage::MachineRecord> Stop(const std::string& id, const Guard& guard, const EndSettings& end);
  absl::StatusOr<storage::MachineRecord> Restart(const std::string& id, const Guard& guard, const EndSettings& end);
  // The same promise as Stop's.
  absl::StatusOr<storage::MachineRecord> Suspend(const std::string& id, const Guard& guard);
  absl::StatusOr<storage::MachineRecord> Update(const std::string& id, const Guard& guard, const UpdateMachine& update);
  // `force`: kill it first if it runs.
  absl::StatusOr<storage::MachineRecord> Destroy(const std::string& id, const Guard& guard, bool force);
  // To the workload; changes no state. The event is durable, the signal is sent once at most.
  absl::StatusOr<storage::MachineRecord> Signal(const std::string& id, const Guard& guard, int signal);

  // Puts a placement with new times in the place of one with the same version and generation.
  absl::Status Renew(const std::string& placement);

  // The machine's metadata have changed: its boot shows them so.
  void ShowMetadata(const storage::MachineRecord& record);

  // Calls `done` once, from any thread and perhaps before this returns, when the wish is fulfilled or cannot be any more
  // (MachineWaiters). The ticket ends the wait: `done` is then not called, unless it is being called already.
  absl::StatusOr<uint64_t> Await(const std::string& id, MachineWish wish, MachineWaiters::Done done);
  void EndAwait(uint64_t ticket);

  absl::StatusOr<ExecResult> Exec(const std::string& id, const ExecRequest& request);

  // BootGate.
  absl::StatusOr<std::shared_ptr<const BootView>> BootOf(absl::string_view machine_id, BootUse use) override;
  absl::StatusOr<std::string> TakeBootAnswer(absl::string_view machine_id) override;
  absl::Status Release(const BootView& view, absl::FunctionRef<void()> write) override;
  absl::Status ReportFromInit(const BootView& view, absl::string_view type, absl::string_view detail) override;
  absl::Status ReportEndFromInit(const BootView& view, const BootExit& end) override;

 private:
  using Record = storage::MachineRecord;
  using Result = absl::StatusOr<storage::MachineRecord>;

  // The machine as an order finds it, under its lock.
  struct Found {
    Record record;
    std::optional<storage::OperationRecord> operation;
    bool answered = false;  // the order was done before: the record is its answer
  };
  absl::StatusOr<Found> Find(const std::string& id, const Guard& guard);

  absl::Status Admit(OperationKind kind) const { return parts_.admission(kind, operations_.in_progress()); }
  Result Order(Found found, const Guard& guard, MachineEvent event, absl::string_view type, const OperationOrder& order);
  // Nothing to be done. The request is remembered all the same: repeated late, it must not be done to what the machine has
  // become by then.
  Result AsItIs(const Found& found, const Guard& guard);
  OperationOrder EndOrder(const Record& record, OperationKind kind, const EndSettings& end) const;
  absl::Status EndOrphans();

  const SupervisorParts parts_;
  const WorkerIdentity identity_;
  const PlacementCheck placement_check_;
  MachineTable table_;
  Boots boots_;
  OperationBook book_;
  Operations operations_;
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_SUPERVISOR_H_
