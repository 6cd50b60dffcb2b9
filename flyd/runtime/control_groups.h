#ifndef FLYD_RUNTIME_CONTROL_GROUPS_H_
#define FLYD_RUNTIME_CONTROL_GROUPS_H_

#include <string>

#include "absl/status/statusor.h"
#include "flyd/runtime/boot_limits.h"

namespace flyd {

// Makes the folder `path` of the cgroup v2 hierarchy, under which every boot has a group of its own, and turns on in it what
// the host has of cpu, memory and pids. Answers what machines can be held to.
//   InvalidArgument: the folder is not in a cgroup v2 hierarchy.
//   Unavailable: the host refuses, for example because processes are in the folder itself, or it is not delegated.
absl::StatusOr<HostBounds> OpenControlGroups(const std::string& path);

}  // namespace flyd

#endif  // FLYD_RUNTIME_CONTROL_GROUPS_H_
