#ifndef FLYD_INIT_MACHINE_OCI_ROOT_H_
#define FLYD_INIT_MACHINE_OCI_ROOT_H_

#include "absl/status/status.h"
#include "flyd/files/open_file.h"

namespace flyd {

// Gives the calling process, root of fresh user, PID and mount namespaces, the tree of an image (image_tree.h) as its root:
//   /                   an overlay: what the machine writes is its own, in memory, at most 256 MiB, and gone with the boot
//   /proc, /dev, /.fly  as in every machine (mounts.h); /sys is empty
//   /etc/resolv.conf, /etc/hosts  the host's, if the image has a folder /etc; machines share the host's network
// Whatever stands at the places of the mounts in the image is replaced, links too. Nothing of the host's files is there.
// Unavailable names the mount that the host refused: overlays in user namespaces need Linux 5.11.
absl::Status EnterOciImage(OpenFile tree);

}  // namespace flyd

#endif  // FLYD_INIT_MACHINE_OCI_ROOT_H_
