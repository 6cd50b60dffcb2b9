#ifndef FLYD_SUPERVISOR_OPERATION_BOOK_H_
#define FLYD_SUPERVISOR_OPERATION_BOOK_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flyd/supervisor/boots.h"
#include "flyd/supervisor/machine_state.h"
#include "flyd/supervisor/operation_plan.h"
#include "storage/machine_store.h"
#include "tokensvc/clock.h"
#include "tokensvc/unique_id_source.h"

namespace flyd {

// What is to be done, from which step on.
struct OperationOrder {
  OperationKind kind;
  OperationStep step;
  absl::string_view source = "user";
  int signal = 0;                             // of kSignal
  absl::Duration timeout;                     // of kAwaitExit
  absl::Duration delay;                       // until the step is due
  std::string error = "";                     // why, where the operation cleans up
};

// Writes operations into changes: how one begins, goes from step to step, and ends, together with the state and the events
// that belong to it. Commits nothing and does nothing. The caller holds the machine's lock. Thread-safe.
class OperationBook {
 public:
  using Operation = storage::OperationRecord;
  using Change = storage::MachineChange;

  // None is owned; all outlive this.
  OperationBook(const tokensvc::Clock& clock, Boots& boots, tokensvc::UniqueIdSource& ids)
      : clock_(clock), boots_(boots), ids_(ids) {}

  // A new operation takes the place of `present`, which ends as superseded.
  absl::Status Begin(Change& change, const std::optional<Operation>& present, const OperationOrder& order) const;

  // The operation is at `step` now. Entering kLaunch records a new boot, and the machine is starting.
  absl::Status Enter(Change& change, Operation operation, OperationStep step) const;

  // The operation is over; `error` empty: it did what it was for.
  void Finish(Change& change, const Operation& operation, absl::string_view error) const;

  // The machine's boot has ended and its report stands in the record: the restart policy, auto-destruction, or rest in the
  // state that `ended` leads to. `may_restart` false: somebody ordered the end.
  absl::Status AfterEnd(Change& change, const std::optional<Operation>& present, MachineEvent ended, absl::string_view error,
                        bool may_restart) const;

  // Of the record and of the change's last event.
  static void SetState(Change& change, storage::MachineState state);
  // The same, where the table has a way; no change where it has none.
  static void Apply(Change& change, MachineEvent event);

 private:
  absl::Status Relaunch(Change& change, const std::optional<Operation>& present, absl::Duration delay) const;

  const tokensvc::Clock& clock_;
  Boots& boots_;
  tokensvc::UniqueIdSource& ids_;
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_OPERATION_BOOK_H_
