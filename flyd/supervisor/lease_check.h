#ifndef FLYD_SUPERVISOR_LEASE_CHECK_H_
#define FLYD_SUPERVISOR_LEASE_CHECK_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/machine_record.h"

namespace flyd {

// OK where no lease stands at `now`, or `nonce` is its. Aborted (reason LEASE_HELD), naming owner and end: another's.
absl::Status CheckLease(const storage::MachineRecord& record, absl::string_view nonce, absl::Time now);

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_LEASE_CHECK_H_
