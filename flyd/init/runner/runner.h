#ifndef FLYD_INIT_RUNNER_RUNNER_H_
#define FLYD_INIT_RUNNER_RUNNER_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"

namespace flyd {

// The life of a runner: `init runner BOOT_DIRECTORY`, started by flyd with descriptor 1 a pipe. Reads order.json, becomes
// a daemon that outlives flyd, makes the machine, writes runner.json, follows the machine to its end and writes exit.json.
//
// On descriptor 1 it says {"runner_pid":N}, and then one reply line of runner_protocol.h: the machine is recorded, or why
// it is not, in which case nothing of it is left but the files. AlreadyExists: the boot has a runner. FailedPrecondition:
// it has ended before. Returns the exit status.
int RunRunner(const std::string& boot_directory, absl::Span<char* const> arguments);

// `init probe FIRST_HOST_ID`: makes a machine and throws it away. Says on descriptor 1, in one reply line, whether the
// host can. 0 if it can.
int RunProbe(uint32_t first_host_id, absl::Span<char* const> arguments);

}  // namespace flyd

#endif  // FLYD_INIT_RUNNER_RUNNER_H_
