#include "tokensvc/private_memory.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace tokensvc {

void KeepMemoryPrivate() {
  // Neither can fail for a process's own sake.
  const rlimit none = {.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace tokensvc
