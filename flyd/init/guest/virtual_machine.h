#ifndef FLYD_INIT_GUEST_VIRTUAL_MACHINE_H_
#define FLYD_INIT_GUEST_VIRTUAL_MACHINE_H_

#include "absl/status/status.h"

namespace flyd {

// What the first process of a kernel finds missing: /proc, /sys, /dev with pts and shm, /run, /.fly, where nothing is
// mounted there yet, a console on descriptors 0 to 2, and the loopback interface. Unavailable names what the kernel refused.
absl::Status SetUpVirtualMachine();

// Writes everything to its disks and ends the machine, as monitors expect it of a guest: by a reboot.
[[noreturn]] void EndVirtualMachine();

}  // namespace flyd

#endif  // FLYD_INIT_GUEST_VIRTUAL_MACHINE_H_
