#ifndef FLYD_INIT_MACHINE_ROOT_FILE_SYSTEM_H_
#define FLYD_INIT_MACHINE_ROOT_FILE_SYSTEM_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace flyd {

struct HostImageOptions {
  std::vector<std::string> hidden_paths;  // absolute, on the host
};

// Gives the calling process, root of fresh user, PID and mount namespaces, the `host` image as its root:
//   /bin /sbin /lib* /usr /etc /opt   the host's, read only with all that is mounted below, no set-user-id, no devices
//   / /tmp /run /var /root /home      the machine's own, in memory, at most 256 MiB in all
//   /.fly                             the machine's own, 1 MiB
//   /proc, /dev, /dev/pts, /dev/shm   fresh; of devices only null, zero, full, random, urandom and tty
// Nothing else of the host is there: not its /root, /home, /run, /var, /srv, /mnt nor /sys. `hidden_paths` are covered by
// something empty. Unavailable names the mount that the host refused.
absl::Status EnterHostImage(const HostImageOptions& options);

}  // namespace flyd

#endif  // FLYD_INIT_MACHINE_ROOT_FILE_SYSTEM_H_
