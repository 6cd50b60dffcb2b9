#ifndef FLYD_CONTROL_REPORT_BOOT_H_
#define FLYD_CONTROL_REPORT_BOOT_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flyd/runtime/external_runtime.h"
#include "flyd/supervisor/supervisor.h"
#include "proto/machines/v1/machines.pb.h"
#include "storage/machine_history.h"
#include "storage/machine_store.h"

namespace flyd {

// Takes what a machine's own supervisor tells, as Machines.ReportBoot says. `external` is null where the worker runs its
// machines itself. The machine as it is then.
absl::StatusOr<storage::MachineRecord> ReportBoot(Supervisor& supervisor, ExternalRuntime* external,
                                                  const storage::MachineStore& store,
                                                  const storage::MachineHistory& history,
                                                  const fly::machines::v1::ReportBootRequest& request, absl::Time now);

}  // namespace flyd

#endif  // FLYD_CONTROL_REPORT_BOOT_H_
