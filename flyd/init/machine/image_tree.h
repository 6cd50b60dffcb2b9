#ifndef FLYD_INIT_MACHINE_IMAGE_TREE_H_
#define FLYD_INIT_MACHINE_IMAGE_TREE_H_

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"
#include "flyd/files/open_file.h"

namespace flyd {

// The tree of an unpacked image (image_store_format.md) as a mount of its own, attached nowhere: read only, no set-user-id,
// no devices. With `machine`, a process of a user namespace, its files belong inside to whom the image says; that takes
// root on the host, and a file system that can be mounted so (Linux 5.12). With 0 they stay as they are.
// Unavailable names what the host refused.
absl::StatusOr<OpenFile> OpenImageTree(const std::string& rootfs, pid_t machine);

}  // namespace flyd

#endif  // FLYD_INIT_MACHINE_IMAGE_TREE_H_
