#ifndef FLYD_INIT_RUNNER_START_MACHINE_H_
#define FLYD_INIT_RUNNER_START_MACHINE_H_

#include <sys/types.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "flyd/runtime/boot_files.h"
#include "flyd/runtime/machine_group.h"

namespace flyd {

// A machine that is set up and waits for kGo. The holder closes the descriptors.
struct StartedMachine {
  pid_t pid = 0;  // of its process 1, on the host
  int pidfd = -1;
  int channel = -1;  // runner's end
  int stdout_fd = -1;
  int stderr_fd = -1;
  std::shared_ptr<MachineGroup> group;  // null: the host has none
};

// Makes namespaces and root file system for `order`; the child is PID 1 from then on. `arguments` is the program's argv:
// the child blanks it, for /proc/1/cmdline can be read by all in the machine and names the host's directories.
//   FailedPrecondition: an image other than "host", or a guest directory that is not there.
//   Unavailable: the host refused; nothing is left.
absl::StatusOr<StartedMachine> StartMachine(const RunnerOrder& order, absl::Span<char* const> arguments);

// Ends it at once and waits. For one that is not wanted after all.
void AbandonMachine(const StartedMachine& machine);

}  // namespace flyd

#endif  // FLYD_INIT_RUNNER_START_MACHINE_H_
