#include "flyd/init/workload/seccomp_profile.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

namespace flyd {
namespace {

constexpr sock_filter kProfile[] = {
#include "flyd/init/workload/seccomp_profile.inc"
};

}  // namespace

int TakeSeccompProfile() {
  const sock_fprog program = {.len = sizeof kProfile / sizeof kProfile[0], .filter = const_cast<sock_filter*>(kProfile)};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? 0 : errno;
}

}  // namespace flyd
