#ifndef FLYD_RUNTIME_READ_BOOT_EXIT_H_
#define FLYD_RUNTIME_READ_BOOT_EXIT_H_

#include <string>

#include "absl/time/time.h"
#include "flyd/runtime/runtime.h"

namespace flyd {

// How the boot in `directory` ended, once its runner is known to be gone. Where the runner left no exit.json (it was
// killed, or the host went down), the kernel has killed the machine with it: 137, signal 9, with an `error` that says so;
// it ended at `noticed` at the latest.
BootExit ReadBootExit(const std::string& directory, absl::Time noticed);

}  // namespace flyd

#endif  // FLYD_RUNTIME_READ_BOOT_EXIT_H_
