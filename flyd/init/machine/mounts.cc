#include "flyd/init/machine/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flyd {
namespace {

constexpr char kBuildPlace[] = "/tmp";
constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom", "tty"};

struct Symlink {
  const char* path;
  const char* target;
};
constexpr Symlink kDeviceLinks[] = {{"dev/fd", "/proc/self/fd"},
                                    {"dev/stdin", "/proc/self/fd/0"},
                                    {"dev/stdout", "/proc/self/fd/1"},
                                    {"dev/stderr", "/proc/self/fd/2"},
                                    {"dev/ptmx", "pts/ptmx"}};

// What of /proc tells or changes the host, as in the OCI runtime's defaults. Not every kernel has each.
constexpr const char* kClosed[] = {"proc/acpi", "proc/asound",       "proc/interrupts", "proc/kcore",      "proc/keys",
                                   "proc/latency_stats", "proc/sched_debug", "proc/scsi", "proc/timer_list", "proc/timer_stats"};
constexpr const char* kReadOnly[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};

absl::Status BindDevice(const char* name) {
  const std::string source = absl::StrCat("/dev/", name);
  const std::string target = absl::StrCat("dev/", name);
  const int fd = open(target.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return MountRefused(source, errno);
  close(fd);
  return Mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr);
}

absl::Status MountDevices() {
  if (absl::Status dev = Mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=64k"); !dev.ok()) return dev;
  for (const char* device : kDevices) {
    if (absl::Status bound = BindDevice(device); !bound.ok()) return bound;
  }
  for (const Symlink& link : kDeviceLinks) {
    if (symlink(link.target, link.path) != 0) return MountRefused(link.path, errno);
  }
  for (const char* folder : {"dev/pts", "dev/shm"}) {
    if (mkdir(folder, 0755) != 0) return MountRefused(folder, errno);
  }
  constexpr char kTerminals[] = "newinstance,ptmxmode=0666,mode=0620";
  if (absl::Status pts = Mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, kTerminals); !pts.ok()) return pts;
  return Mount("tmpfs", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=64m");
}

absl::Status Close(const char* path) {
  struct stat info;
  if (lstat(path, &info) != 0) return absl::OkStatus();
  if (!S_ISDIR(info.st_mode)) return Mount("/dev/null", path, nullptr, MS_BIND, nullptr);
  return Mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0555,size=4k");
}

absl::Status MakeReadOnly(const char* path) {
  if (access(path, F_OK) != 0) return absl::OkStatus();
  if (absl::Status bound = Mount(path, path, nullptr, MS_BIND | MS_REC, nullptr); !bound.ok()) return bound;
  return Mount(nullptr, path, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
}

absl::Status MountProc() {
  if (absl::Status proc = Mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr); !proc.ok()) return proc;
  for (const char* path : kClosed) {
    if (absl::Status closed = Close(path); !closed.ok()) return closed;
  }
  for (const char* path : kReadOnly) {
    if (absl::Status made = MakeReadOnly(path); !made.ok()) return made;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MountRefused(absl::string_view what, int error) {
  return absl::UnavailableError(absl::StrCat("mount ", what, ": ", strerror(error), ", want a host that allows it"));
}

absl::Status Mount(const char* source, const char* target, const char* type, unsigned long flags, const char* data) {
  if (mount(source, target, type, flags, data) != 0) return MountRefused(target, errno);
  return absl::OkStatus();
}

absl::Status EnterBuildPlace() {
  umask(022);
  if (absl::Status own = Mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr); !own.ok()) return own;
  constexpr char kBounds[] = "mode=0755,size=256m,nr_inodes=65536";
  if (absl::Status root = Mount("tmpfs", kBuildPlace, "tmpfs", MS_NOSUID | MS_NODEV, kBounds); !root.ok()) return root;
  return chdir(kBuildPlace) == 0 ? absl::OkStatus() : MountRefused(kBuildPlace, errno);
}

absl::Status MountKernelFileSystems() {
  if (absl::Status devices = MountDevices(); !devices.ok()) return devices;
  if (absl::Status proc = MountProc(); !proc.ok()) return proc;
  return Mount("tmpfs", ".fly", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=1m");
}

absl::Status PivotHere() {
  if (syscall(SYS_pivot_root, ".", ".") != 0) return MountRefused("pivot_root", errno);
  // The old root lies over the new one at the same place.
  if (umount2(".", MNT_DETACH) != 0) return MountRefused("old root", errno);
  return chdir("/") == 0 ? absl::OkStatus() : MountRefused("/", errno);
}

}  // namespace flyd
