#ifndef TOOLS_FLYDCTL_CHECK_WORKER_H_
#define TOOLS_FLYDCTL_CHECK_WORKER_H_

#include "absl/status/status.h"
#include "proto/machines/v1/machines.grpc.pb.h"

namespace tools {

// Whether the worker answers and would take a machine so configured. Asked before fleetd is: a name that is placed is taken
// for good, also where the worker refuses it then. FailedPrecondition: cordoned, or a limit that it cannot hold.
absl::Status CheckWorkerTakes(fly::machines::v1::Machines::Stub& worker, const fly::machines::v1::MachineConfig& config);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_CHECK_WORKER_H_
