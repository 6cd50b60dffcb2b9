#include "flyd/init/guest/virtual_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "flyd/init/machine/loopback.h"

namespace flyd {
namespace {

struct Wanted {
  const char* type;
  const char* place;
  unsigned long flags;
  const char* data;
};

constexpr unsigned long kPlain = MS_NOSUID | MS_NODEV | MS_NOEXEC;
constexpr Wanted kMounts[] = {
    {"proc", "/proc", kPlain, nullptr},
    {"sysfs", "/sys", kPlain, nullptr},
    {"devtmpfs", "/dev", MS_NOSUID, "mode=0755"},
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"},
    {"tmpfs", "/dev/shm", kPlain, "mode=1777"},
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755"},
    {"tmpfs", "/.fly", kPlain, "mode=0755,size=1m"},
};

// A place on another file system than the folder that holds it.
bool IsMounted(const char* place) {
  struct stat inside;
  struct stat outside;
  return stat(place, &inside) == 0 && stat(absl::StrCat(place, "/..").c_str(), &outside) == 0 &&
         inside.st_dev != outside.st_dev;
}

// Before /dev was there the kernel may have found no console to open.
void OpenConsole() {
  if (fcntl(STDERR_FILENO, F_GETFD) >= 0) return;
  const int console = open("/dev/console", O_RDWR | O_NOCTTY);
  if (console < 0) return;
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
    if (fd != console) dup2(console, fd);
  }
  if (console > STDERR_FILENO) close(console);
}

}  // namespace

absl::Status SetUpVirtualMachine() {
  for (const Wanted& wanted : kMounts) {
    mkdir(wanted.place, 0755);  // what it could not make, the mount says
    if (IsMounted(wanted.place)) continue;
    if (mount(wanted.type, wanted.place, wanted.type, wanted.flags, wanted.data) != 0) {
      return absl::UnavailableError(absl::StrCat("mount ", wanted.place, ": ", strerror(errno), ", want a kernel that has it"));
    }
  }
  OpenConsole();
  RaiseLoopback();
  // Ctrl-Alt-Del is how some monitors ask for an end: it comes as SIGINT then.
  reboot(RB_DISABLE_CAD);
  return absl::OkStatus();
}

void EndVirtualMachine() {
  sync();
  reboot(RB_AUTOBOOT);
  _exit(1);  // not allowed to: the kernel ends with its first process
}

}  // namespace flyd
