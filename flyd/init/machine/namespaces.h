#ifndef FLYD_INIT_MACHINE_NAMESPACES_H_
#define FLYD_INIT_MACHINE_NAMESPACES_H_

#include <sys/types.h>

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace flyd {

struct NamespaceOptions {
  // Root: 65,536 host ids from this one on are the machine's. 0: rootless, the machine's root is the caller's own id.
  uint32_t first_host_id = 0;
  bool private_network = false;
  int group = -1;  // descriptor of the folder of the cgroup v2 group that the child is born in; -1: the caller's
};

struct NamespaceChild {
  pid_t pid = 0;
  int pidfd = -1;
};

// Forks a child into user, PID, mount, UTS, IPC and cgroup namespaces of its own, where it is process 1 and root, ids
// mapped.
// It runs `child`, whose result it exits with. Unavailable names what the host does not allow; no child is left.
//
// The child is a fork and not an exec of anything, so its memory belongs to the caller's user namespace: even a process
// that won every capability inside could not trace it.
absl::StatusOr<NamespaceChild> ForkIntoNamespaces(const NamespaceOptions& options, absl::FunctionRef<int()> child);

}  // namespace flyd

#endif  // FLYD_INIT_MACHINE_NAMESPACES_H_
