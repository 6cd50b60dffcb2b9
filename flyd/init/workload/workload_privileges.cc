#include "flyd/init/workload/workload_privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "flyd/init/workload/seccomp_profile.h"

namespace flyd {
namespace {

constexpr uint64_t Bit(int capability) { return uint64_t{1} << capability; }

constexpr uint64_t kAllowed = Bit(CAP_CHOWN) | Bit(CAP_DAC_OVERRIDE) | Bit(CAP_FOWNER) | Bit(CAP_FSETID) |
                              Bit(CAP_KILL) | Bit(CAP_SETGID) | Bit(CAP_SETUID) | Bit(CAP_SETPCAP) |
                              Bit(CAP_NET_BIND_SERVICE) | Bit(CAP_SYS_CHROOT);

constexpr rlim_t kMaxOpenFiles = 10240;
constexpr rlim_t kMaxProcesses = 4096;

// Lowers a limit; one that is lower already stays.
int Limit(__rlimit_resource resource, rlim_t value) {
  rlimit limit;
  if (getrlimit(resource, &limit) != 0) return errno;
  limit.rlim_max = std::min(limit.rlim_max, value);
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(resource, &limit) == 0 ? 0 : errno;
}

int BoundCapabilities() {
  for (int capability = 0; capability < 64; ++capability) {
    const int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (held < 0) break;  // past the kernel's last
    if (held == 1 && (kAllowed & Bit(capability)) == 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return errno;
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  return 0;
}

int TakeIds(const WorkloadUser& user, bool one_id) {
  // The kernel denies setgroups in a rootless user namespace, where there is no other id to take either.
  if (!one_id && setgroups(user.groups.size(), user.groups.data()) != 0) return errno;
  if (setresgid(user.gid, user.gid, user.gid) != 0) return errno;
  if (setresuid(user.uid, user.uid, user.uid) != 0) return errno;
  return 0;
}

// Root keeps what is allowed and nothing else; another user has nothing to keep.
int SetCapabilities(uid_t uid) {
  const uint64_t keep = uid == 0 ? kAllowed : 0;
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  for (int half = 0; half < 2; ++half) {
    const uint32_t bits = static_cast<uint32_t>(keep >> (32 * half));
    data[half].effective = bits;
    data[half].permitted = bits;
    data[half].inheritable = 0;
  }
  return syscall(SYS_capset, &header, data) == 0 ? 0 : errno;
}

}  // namespace

int TakeWorkloadPrivileges(const WorkloadUser& user, bool one_id) {
  if (const int error = Limit(RLIMIT_CORE, 0); error != 0) return error;
  if (const int error = Limit(RLIMIT_NOFILE, kMaxOpenFiles); error != 0) return error;
  // Counted per host id: rootless, the user's other processes would count too.
  if (const int error = one_id ? 0 : Limit(RLIMIT_NPROC, kMaxProcesses); error != 0) return error;
  if (const int error = BoundCapabilities(); error != 0) return error;
  if (const int error = TakeIds(user, one_id); error != 0) return error;
  if (const int error = SetCapabilities(user.uid); error != 0) return error;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return TakeSeccompProfile();
}

}  // namespace flyd
