#ifndef FLYD_SUPERVISOR_DUE_RENEWALS_H_
#define FLYD_SUPERVISOR_DUE_RENEWALS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/machine_store.h"

namespace flyd {

// The machines, by id, whose placement is to be signed anew: one has half of its life behind it, and as much of the next
// twelfth as the machine's id says, so that machines that were placed together do not ask together. One that the
// store has lost, or that does not decode, is due at once. Destroyed machines have none. Codes of the store.
absl::StatusOr<std::vector<std::string>> DueRenewals(const storage::MachineStore& store, absl::Time now);

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_DUE_RENEWALS_H_
