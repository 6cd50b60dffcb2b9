#ifndef FLYD_INIT_GUEST_GUEST_H_
#define FLYD_INIT_GUEST_GUEST_H_

#include "absl/strings/string_view.h"

namespace flyd {

// `init guest ADDRESS`: the first process of a machine that a platform runs and isolates itself (docs/attach.md).
//   unix:FOLDER      of a container, into which the machine's folder RUN_DIR/m/ID/guest is mounted. The mount is taken away
//                    if that is allowed, so that the workload does not see it. Returns the workload's code.
//   vsock:CID:PORT   of a virtual machine: mounts what a kernel leaves to its first process, and ends by a reboot.
// The configuration, the identity and what the workload may do are those of every machine.
int RunGuest(absl::string_view address);

}  // namespace flyd

#endif  // FLYD_INIT_GUEST_GUEST_H_
