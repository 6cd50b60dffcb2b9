#ifndef FLYD_RUNTIME_RUNNER_CLIENT_H_
#define FLYD_RUNTIME_RUNNER_CLIENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flyd/runtime/boot_control.h"
#include "flyd/runtime/runner_protocol.h"

namespace flyd {

// Says one request to the runner of the boot in `directory` and waits for its reply. Blocks. Unavailable: there is no
// runner to talk to, or it did not answer within `timeout`; otherwise the reply. Cancelled: an exec was given up; who ends
// the connection so ends the program.
absl::StatusOr<ExecResult> CallRunner(const std::string& directory, const ControlRequest& request,
                                      absl::Duration timeout);

}  // namespace flyd

#endif  // FLYD_RUNTIME_RUNNER_CLIENT_H_
