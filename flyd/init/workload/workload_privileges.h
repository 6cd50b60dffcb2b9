#ifndef FLYD_INIT_WORKLOAD_WORKLOAD_PRIVILEGES_H_
#define FLYD_INIT_WORKLOAD_WORKLOAD_PRIVILEGES_H_

#include "flyd/init/workload/workload_user.h"

namespace flyd {

// Makes the calling process the workload: takes its user, bounds what root may do inside to CHOWN, DAC_OVERRIDE, FOWNER,
// FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE and SYS_CHROOT, sets no_new_privs, the resource limits and the
// seccomp profile. For a child between fork and exec. Returns 0, or errno of what the kernel refused.
//
// Without SYS_PTRACE and SYS_ADMIN the workload, root or not, cannot read PID 1's memory, and cannot mount.
int TakeWorkloadPrivileges(const WorkloadUser& user, bool one_id);

}  // namespace flyd

#endif  // FLYD_INIT_WORKLOAD_WORKLOAD_PRIVILEGES_H_
