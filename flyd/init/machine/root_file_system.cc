#include "flyd/init/machine/root_file_system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flyd/files/durable_file.h"
#include "flyd/init/machine/mounts.h"

namespace flyd {
namespace {

constexpr const char* kHostDirectories[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "opt"};

struct OwnDirectory {
  const char* path;
  mode_t mode;
};
constexpr OwnDirectory kOwnDirectories[] = {{"proc", 0555},    {"dev", 0755},  {".fly", 0755},     {"tmp", 01777},
                                            {"run", 0755},     {"run/lock", 01777}, {"var", 0755},  {"var/tmp", 01777},
                                            {"var/log", 0755}, {"root", 0700}, {"home", 0755},     {"mnt", 0755},
                                            {"sys", 0555}};

absl::Status MakeReadOnly(const char* path) {
  mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &attributes, sizeof attributes) != 0) return MountRefused(path, errno);
  return absl::OkStatus();
}

// A merged /usr makes /bin and its like links.
absl::Status BindHostDirectory(const char* name) {
  const std::string source = absl::StrCat("/", name);
  struct stat info;
  if (lstat(source.c_str(), &info) != 0) return absl::OkStatus();
  if (S_ISLNK(info.st_mode)) {
    char target[256];
    const ssize_t length = readlink(source.c_str(), target, sizeof target - 1);
    if (length < 0) return MountRefused(source, errno);
    target[length] = '\0';
    return symlink(target, name) == 0 ? absl::OkStatus() : MountRefused(source, errno);
  }
  if (mkdir(name, 0755) != 0) return MountRefused(source, errno);
  if (absl::Status bound = Mount(source.c_str(), name, nullptr, MS_BIND | MS_REC, nullptr); !bound.ok()) return bound;
  return MakeReadOnly(name);
}

absl::Status MakeOwnDirectories() {
  for (const OwnDirectory& own : kOwnDirectories) {
    if (mkdir(own.path, 0755) != 0 || chmod(own.path, own.mode) != 0) return MountRefused(own.path, errno);
  }
  return symlink("/run", "var/run") == 0 ? absl::OkStatus() : MountRefused("/var/run", errno);
}

// Covers what an operator wants unseen. A path that is not visible in the machine needs nothing.
absl::Status Hide(const std::string& path) {
  const std::string inside = absl::StrCat(".", path);
  struct stat info;
  if (stat(inside.c_str(), &info) != 0) return absl::OkStatus();
  if (!S_ISDIR(info.st_mode)) return Mount("/dev/null", inside.c_str(), nullptr, MS_BIND, nullptr);
  return Mount("tmpfs", inside.c_str(), "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "mode=0555,size=4k");
}

// Where /etc/resolv.conf is a link into the host's /run, the name servers are copied to the same place.
void CopyResolver() {
  const std::unique_ptr<char, decltype(&free)> target(realpath("/etc/resolv.conf", nullptr), &free);
  if (target == nullptr || !absl::StartsWith(target.get(), "/run/")) return;
  const absl::StatusOr<std::string> content = ReadWholeFile(target.get());
  if (!content.ok()) return;
  const std::string inside = target.get() + 1;
  for (size_t slash = inside.find('/'); slash != std::string::npos; slash = inside.find('/', slash + 1)) {
    mkdir(inside.substr(0, slash).c_str(), 0755);
  }
  const int fd = open(inside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return;
  (void)!write(fd, content->data(), content->size());  // without it names are not resolved, which the workload sees
  close(fd);
}

}  // namespace

absl::Status EnterHostImage(const HostImageOptions& options) {
  if (absl::Status entered = EnterBuildPlace(); !entered.ok()) return entered;
  for (const char* directory : kHostDirectories) {
    if (absl::Status bound = BindHostDirectory(directory); !bound.ok()) return bound;
  }
  if (absl::Status made = MakeOwnDirectories(); !made.ok()) return made;
  if (absl::Status mounted = MountKernelFileSystems(); !mounted.ok()) return mounted;
  CopyResolver();
  for (const std::string& path : options.hidden_paths) {
    if (absl::Status hidden = Hide(path); !hidden.ok()) return hidden;
  }
  return PivotHere();
}

}  // namespace flyd
