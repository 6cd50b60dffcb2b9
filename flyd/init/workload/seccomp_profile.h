#ifndef FLYD_INIT_WORKLOAD_SECCOMP_PROFILE_H_
#define FLYD_INIT_WORKLOAD_SECCOMP_PROFILE_H_

namespace flyd {

// Bounds which system calls the calling thread, and whatever it starts, may make from now on: those of
// write_seccomp_profile.cc. no_new_privs is set. For a child between fork and exec. Returns 0, or errno.
int TakeSeccompProfile();

}  // namespace flyd

#endif  // FLYD_INIT_WORKLOAD_SECCOMP_PROFILE_H_
