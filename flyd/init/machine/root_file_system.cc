#include "flyd/init/machine/root_file_system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

namespace flyd {
namespace {

// The new root is built here, in a tmpfs over it; every host has it, and nothing below it is wanted.
constexpr char kBuildPlace[] = "/tmp";
constexpr const char* kHostDirectories[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "opt"};
constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom", "tty"};

struct OwnDirectory {
  const char* path;
  mode_t mode;
};
constexpr OwnDirectory kOwnDirectories[] = {{"proc", 0555},     {"dev", 0755},   {"dev/pts", 0755}, {"dev/shm", 01777},
                                            {".fly", 0755},     {"tmp", 01777},  {"run", 0755},     {"run/lock", 01777},
                                            {"var", 0755},      {"var/tmp", 01777}, {"var/log", 0755}, {"root", 0700},
                                            {"home", 0755},     {"mnt", 0755},   {"sys", 0555}};

struct Symlink {
  const char* path;
  const char* target;
};
constexpr Symlink kSymlinks[] = {{"dev/fd", "/proc/self/fd"},       {"dev/stdin", "/proc/self/fd/0"},
                                 {"dev/stdout", "/proc/self/fd/1"}, {"dev/stderr", "/proc/self/fd/2"},
                                 {"dev/ptmx", "pts/ptmx"},          {"var/run", "/run"}};

absl::Status Refused(absl::string_view what, int error) {
  return absl::UnavailableError(absl::StrCat("mount ", what, ": ", strerror(error), ", want a host that allows it"));
}

absl::Status Mount(const char* source, const char* target, const char* type, unsigned long flags, const char* data) {
  if (mount(source, target, type, flags, data) != 0) return Refused(target, errno);
  return absl::OkStatus();
}

absl::Status MakeReadOnly(const char* path) {
  mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (mount_setattr(AT_FDCWD, path, AT_RECURSIVE, &attributes, sizeof attributes) != 0) return Refused(path, errno);
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
    if (length < 0) return Refused(source, errno);
    target[length] = '\0';
    return symlink(target, name) == 0 ? absl::OkStatus() : Refused(source, errno);
  }
  if (mkdir(name, 0755) != 0) return Refused(source, errno);
  if (absl::Status bound = Mount(source.c_str(), name, nullptr, MS_BIND | MS_REC, nullptr); !bound.ok()) return bound;
  return MakeReadOnly(name);
}

absl::Status BindDevice(const char* name) {
  const std::string source = absl::StrCat("/dev/", name);
  const std::string target = absl::StrCat("dev/", name);
  const int fd = open(target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return Refused(source, errno);
  close(fd);
  return Mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr);
}

absl::Status MakeOwnDirectories() {
  for (const OwnDirectory& own : kOwnDirectories) {
    if (mkdir(own.path, 0755) != 0 || chmod(own.path, own.mode) != 0) return Refused(own.path, errno);
  }
  for (const Symlink& link : kSymlinks) {
    if (symlink(link.target, link.path) != 0) return Refused(link.path, errno);
  }
  return absl::OkStatus();
}

absl::Status MountKernelFileSystems() {
  constexpr unsigned long kPlain = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (absl::Status proc = Mount("proc", "proc", "proc", kPlain, nullptr); !proc.ok()) return proc;
  if (absl::Status pts = Mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620");
      !pts.ok()) {
    return pts;
  }
  if (absl::Status shm = Mount("tmpfs", "dev/shm", "tmpfs", kPlain, "mode=1777,size=64m"); !shm.ok()) return shm;
  return Mount("tmpfs", ".fly", "tmpfs", kPlain, "mode=0755,size=1m");
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

absl::Status PivotHere() {
  if (syscall(SYS_pivot_root, ".", ".") != 0) return Refused("pivot_root", errno);
  // The old root lies over the new one at the same place.
  if (umount2(".", MNT_DETACH) != 0) return Refused("old root", errno);
  return chdir("/") == 0 ? absl::OkStatus() : Refused("/", errno);
}

}  // namespace

absl::Status EnterHostImage(const HostImageOptions& options) {
  umask(022);
  if (absl::Status own = Mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr); !own.ok()) return own;
  if (absl::Status root = Mount("tmpfs", kBuildPlace, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=256m,nr_inodes=65536");
      !root.ok()) {
    return root;
  }
  if (chdir(kBuildPlace) != 0) return Refused(kBuildPlace, errno);
  for (const char* directory : kHostDirectories) {
    if (absl::Status bound = BindHostDirectory(directory); !bound.ok()) return bound;
  }
  if (absl::Status made = MakeOwnDirectories(); !made.ok()) return made;
  for (const char* device : kDevices) {
    if (absl::Status bound = BindDevice(device); !bound.ok()) return bound;
  }
  if (absl::Status mounted = MountKernelFileSystems(); !mounted.ok()) return mounted;
  CopyResolver();
  for (const std::string& path : options.hidden_paths) {
    if (absl::Status hidden = Hide(path); !hidden.ok()) return hidden;
  }
  return PivotHere();
}

}  // namespace flyd
