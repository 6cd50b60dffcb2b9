#ifndef TOOLS_FLYDCTL_MACHINE_LOGS_H_
#define TOOLS_FLYDCTL_MACHINE_LOGS_H_

#include <string>

#include "absl/status/status.h"
#include "proto/machines/v1/machines.grpc.pb.h"

namespace tools {

// Copies what the workload wrote to this process's stdout and stderr; with `follow`, until its boot ends.
absl::Status PassOnLogs(fly::machines::v1::Machines::Stub& worker, const std::string& machine_id, bool follow);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_MACHINE_LOGS_H_
