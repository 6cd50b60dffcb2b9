#ifndef FLYD_INIT_WORKLOAD_SPAWN_H_
#define FLYD_INIT_WORKLOAD_SPAWN_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flyd/init/workload/workload_environment.h"
#include "flyd/init/workload/workload_user.h"

namespace flyd {

// A program that PID 1 starts in the machine.
struct SpawnPlan {
  std::vector<std::string> command;  // not empty; the first word is looked up in the environment's PATH
  Environment environment;
  std::string working_dir;  // "" means /
  WorkloadUser user;
  bool one_id = false;  // rootless: no other id can be taken
  int group = -1;        // cgroup.procs of the group that it runs in, open for writing; -1: PID 1's own
  int stdin_fd = -1;    // -1: /dev/null
  int stdout_fd = 1;
  int stderr_fd = 2;
};

// Starts the program in a session of its own, with the default signal mask and handlers, no descriptor but the three,
// and the privileges of workload_privileges.h. Answers once it runs. NotFound, PermissionDenied or FailedPrecondition,
// `command: found, want`, if it cannot be run.
absl::StatusOr<pid_t> Spawn(const SpawnPlan& plan);

}  // namespace flyd

#endif  // FLYD_INIT_WORKLOAD_SPAWN_H_
