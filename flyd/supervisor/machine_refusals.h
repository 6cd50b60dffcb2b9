#ifndef FLYD_SUPERVISOR_MACHINE_REFUSALS_H_
#define FLYD_SUPERVISOR_MACHINE_REFUSALS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/machine_record.h"

// What the supervisor refuses, with the details that programs read (tokensvc/rpc/error_details.h).
namespace flyd {

// A NotFound or AlreadyExists of the store, told as the machine's: MACHINE_NOT_FOUND, MACHINE_EXISTS. Others as they are.
absl::Status OfMachine(const absl::Status& status, absl::string_view id);

// FailedPrecondition, WRONG_STATE: what is asked cannot be done from this state.
absl::Status WrongState(const storage::MachineRecord& record, absl::string_view want);

// Aborted, REVISION_MISMATCH: read again.
absl::Status WrongRevision(const storage::MachineRecord& record, uint64_t expected);

// Aborted, VERSION_MISMATCH: read again.
absl::Status WrongVersion(const storage::MachineRecord& record, absl::string_view expected);

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_MACHINE_REFUSALS_H_
