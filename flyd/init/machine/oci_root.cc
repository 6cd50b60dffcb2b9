#include "flyd/init/machine/oci_root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "flyd/files/durable_file.h"
#include "flyd/init/machine/mounts.h"

namespace flyd {
namespace {

// A folder right below the root, so that no link of the image's stands in its path.
absl::Status MakeFolder(const char* name, mode_t mode) {
  struct stat info;
  if (lstat(name, &info) == 0) {
    if (S_ISDIR(info.st_mode)) return absl::OkStatus();
    if (unlink(name) != 0) return MountRefused(name, errno);
  }
  return mkdir(name, 0755) == 0 && chmod(name, mode) == 0 ? absl::OkStatus() : MountRefused(name, errno);
}

// Follows the image's links as they would be followed in the machine. An image without the folder goes without the file.
void CopyFromHost(const char* path) {
  const absl::StatusOr<std::string> content = ReadWholeFile(absl::StrCat("/", path));
  if (!content.ok()) return;
  open_how how = {};
  how.flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  how.mode = 0644;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const OpenFile root(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const OpenFile file(static_cast<int>(syscall(SYS_openat2, root.get(), path, &how, sizeof how)));
  if (!file.is_open()) return;
  (void)!write(file.get(), content->data(), content->size());  // without it names are not resolved, which the workload sees
}

}  // namespace

absl::Status EnterOciImage(OpenFile tree) {
  if (absl::Status entered = EnterBuildPlace(); !entered.ok()) return entered;
  for (const char* folder : {"image", "own", "own/upper", "own/work", "root"}) {
    if (mkdir(folder, 0755) != 0) return MountRefused(folder, errno);
  }
  if (move_mount(tree.get(), "", AT_FDCWD, "image", MOVE_MOUNT_F_EMPTY_PATH) != 0) return MountRefused("image", errno);
  // Marks of overlays in a user namespace are attributes of users.
  constexpr char kLayers[] = "lowerdir=image,upperdir=own/upper,workdir=own/work,userxattr";
  if (absl::Status root = Mount("overlay", "root", "overlay", MS_NOSUID | MS_NODEV, kLayers); !root.ok()) return root;
  if (chdir("root") != 0) return MountRefused("root", errno);
  for (const char* folder : {"proc", "sys", "dev", ".fly"}) {
    if (absl::Status made = MakeFolder(folder, 0755); !made.ok()) return made;
  }
  if (absl::Status tmp = MakeFolder("tmp", 01777); !tmp.ok()) return tmp;
  if (absl::Status mounted = MountKernelFileSystems(); !mounted.ok()) return mounted;
  CopyFromHost("etc/resolv.conf");
  CopyFromHost("etc/hosts");
  return PivotHere();
}

}  // namespace flyd
