#include "flyd/init/machine/image_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace flyd {
namespace {

absl::Status Refused(const std::string& rootfs, const char* want) {
  return absl::UnavailableError(absl::StrCat("image tree ", rootfs, ": ", strerror(errno), ", want ", want));
}

}  // namespace

absl::StatusOr<OpenFile> OpenImageTree(const std::string& rootfs, pid_t machine) {
  OpenFile tree(open_tree(AT_FDCWD, rootfs.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree.is_open()) return Refused(rootfs, "to mount it");
  mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  OpenFile users;
  if (machine != 0) {
    users = OpenFile(open(absl::StrCat("/proc/", machine, "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
    if (!users.is_open()) return Refused(rootfs, "the machine's user namespace");
    attributes.attr_set |= MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<uint64_t>(users.get());
  }
  if (mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    return Refused(rootfs, "a file system whose ids can be mapped, such as ext4, xfs or btrfs");
  }
  return tree;
}

}  // namespace flyd
