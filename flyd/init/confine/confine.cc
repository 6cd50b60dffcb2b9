#include "flyd/init/confine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace flyd {
namespace {

constexpr int kRefused = 125;
constexpr size_t kFirstWord = 5;  // init confine DIRECTORY MAX NETWORK PROGRAM

constexpr uint64_t Bit(int capability) { return uint64_t{1} << capability; }
// What an unpacker that runs as root needs for files of many owners.
constexpr uint64_t kKept = Bit(CAP_CHOWN) | Bit(CAP_DAC_OVERRIDE) | Bit(CAP_FOWNER) | Bit(CAP_FSETID);

absl::Status Refused(absl::string_view what) {
  return absl::UnavailableError(absl::StrCat("confine: ", what, ": ", strerror(errno), ", want a host that allows it"));
}

absl::Status WriteFile(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  const bool written = fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const absl::Status status = written ? absl::OkStatus() : Refused(path);
  if (fd >= 0) close(fd);
  return status;
}

// Without root the mounts need a user namespace, in which the caller stays who it is.
absl::Status EnterNamespaces(bool own_network) {
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  const int flags = CLONE_NEWNS | CLONE_NEWIPC | (own_network ? CLONE_NEWNET : 0) | (uid != 0 ? CLONE_NEWUSER : 0);
  if (unshare(flags) != 0) return Refused("namespaces");
  if (uid == 0) return absl::OkStatus();
  if (absl::Status groups = WriteFile("/proc/self/setgroups", "deny"); !groups.ok()) return groups;
  if (absl::Status map = WriteFile("/proc/self/uid_map", absl::StrCat(uid, " ", uid, " 1")); !map.ok()) return map;
  return WriteFile("/proc/self/gid_map", absl::StrCat(gid, " ", gid, " 1"));
}

absl::Status SetReadOnly(const char* path, bool read_only, unsigned flags) {
  mount_attr attributes = {};
  (read_only ? attributes.attr_set : attributes.attr_clr) = MOUNT_ATTR_RDONLY;
  if (mount_setattr(AT_FDCWD, path, flags, &attributes, sizeof attributes) != 0) return Refused(path);
  return absl::OkStatus();
}

absl::Status LeaveOnlyWritable(const char* directory) {
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return Refused("/");
  if (absl::Status all = SetReadOnly("/", true, AT_RECURSIVE); !all.ok()) return all;
  if (mount(directory, directory, nullptr, MS_BIND, nullptr) != 0) return Refused(directory);
  if (absl::Status own = SetReadOnly(directory, false, 0); !own.ok()) return own;
  // By its path, which leads into the mount now.
  return chdir(directory) == 0 ? absl::OkStatus() : Refused(directory);
}

absl::Status DropPrivileges() {
  for (int capability = 0; capability < 64; ++capability) {
    const int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (held < 0) break;  // past the kernel's last
    const bool dropped = held == 1 && (kKept & Bit(capability)) == 0;
    if (dropped && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return Refused("bounding set");
  }
  const uint64_t keep = geteuid() == 0 ? kKept : 0;
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  for (int half = 0; half < 2; ++half) {
    data[half].effective = data[half].permitted = static_cast<uint32_t>(keep >> (32 * half));
  }
  if (syscall(SYS_capset, &header, data) != 0) return Refused("capabilities");
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? absl::OkStatus() : Refused("no_new_privs");
}

absl::Status SetLimit(__rlimit_resource resource, rlim_t value) {
  const rlimit limit = {value, value};
  return setrlimit(resource, &limit) == 0 ? absl::OkStatus() : Refused("limits");
}

absl::Status Confine(const char* directory, uint64_t max_file_bytes, bool own_network) {
  if (absl::Status entered = EnterNamespaces(own_network); !entered.ok()) return entered;
  if (absl::Status mounts = LeaveOnlyWritable(directory); !mounts.ok()) return mounts;
  if (absl::Status size = SetLimit(RLIMIT_FSIZE, max_file_bytes); !size.ok()) return size;
  if (absl::Status core = SetLimit(RLIMIT_CORE, 0); !core.ok()) return core;
  return DropPrivileges();
}

}  // namespace

int RunConfined(absl::Span<char* const> arguments) {
  const pid_t starter = getppid();
  umask(022);
  uint64_t max_file_bytes = 0;
  const absl::string_view network = arguments.size() > kFirstWord ? arguments[kFirstWord - 1] : "";
  absl::Status ready = absl::InvalidArgumentError(
      "confine: other arguments, want DIRECTORY MAX_FILE_BYTES own-network|host-network PROGRAM");
  if ((network == "own-network" || network == "host-network") && absl::SimpleAtoi(arguments[3], &max_file_bytes)) {
    ready = Confine(arguments[2], max_file_bytes, network == "own-network");
  }
  // Last, for a change of privileges takes it back.
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != starter) return kRefused;  // it ended before that
  if (ready.ok()) {
    execvp(arguments[kFirstWord], arguments.data() + kFirstWord);  // argv ends with a null of its own
    ready = Refused(arguments[kFirstWord]);
  }
  fprintf(stderr, "%s\n", std::string(ready.message()).c_str());
  return kRefused;
}

}  // namespace flyd
