#include "flyd/init/machine/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flyd/init/machine/loopback.h"

namespace flyd {
namespace {

constexpr uint32_t kIds = 65536;
constexpr int kChildNotMapped = 124;

absl::Status WriteProc(pid_t pid, absl::string_view file, absl::string_view content) {
  const std::string path = absl::StrCat("/proc/", pid, "/", file);
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const bool written = fd >= 0 && write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size());
  const int error = errno;
  if (fd >= 0) close(fd);
  if (written) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("user namespaces: ", file, ": ", strerror(error), ", want the map ", content));
}

absl::Status MapIds(pid_t pid, uint32_t first_host_id) {
  if (first_host_id != 0) {
    const std::string map = absl::StrCat("0 ", first_host_id, " ", kIds);
    if (absl::Status uids = WriteProc(pid, "uid_map", map); !uids.ok()) return uids;
    return WriteProc(pid, "gid_map", map);
  }
  if (absl::Status groups = WriteProc(pid, "setgroups", "deny"); !groups.ok()) return groups;
  if (absl::Status uids = WriteProc(pid, "uid_map", absl::StrCat("0 ", geteuid(), " 1")); !uids.ok()) return uids;
  return WriteProc(pid, "gid_map", absl::StrCat("0 ", getegid(), " 1"));
}

bool BecomeRoot(bool one_id) {
  if (!one_id && setgroups(0, nullptr) != 0) return false;
  return setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0;
}

[[noreturn]] void RunChild(const NamespaceOptions& options, int mapped, absl::FunctionRef<int()> child) {
  char go = 0;
  if (read(mapped, &go, 1) != 1 || !BecomeRoot(options.first_host_id == 0)) _exit(kChildNotMapped);
  close(mapped);
  // After the change of ids, which clears it: the machine ends with its runner, however that ends.
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // Not at the clone: that would show the caller's group, and so the host's folders. A kernel without groups has none.
  if (unshare(CLONE_NEWCGROUP) != 0 && errno != EINVAL) _exit(kChildNotMapped);
  if (options.private_network) RaiseLoopback();
  _exit(child());
}

absl::Status Refused(int error, bool into_group) {
  if (into_group && (error == EACCES || error == EBUSY || error == EOPNOTSUPP || error == ENODEV)) {
    return absl::UnavailableError(absl::StrCat("control group: ", strerror(error), ", want one that processes may be put into"));
  }
  return absl::UnavailableError(
      absl::StrCat("user namespaces: ", strerror(error),
                   ", want a kernel and a policy that allow them (user.max_user_namespaces, "
                   "kernel.unprivileged_userns_clone, AppArmor, the container's seccomp filter)"));
}

}  // namespace

absl::StatusOr<NamespaceChild> ForkIntoNamespaces(const NamespaceOptions& options, absl::FunctionRef<int()> child) {
  int mapped[2];
  if (pipe2(mapped, O_CLOEXEC) != 0) return absl::UnavailableError(absl::StrCat("pipe: ", strerror(errno)));
  NamespaceChild made;
  clone_args arguments = {};
  arguments.flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_PIDFD |
                    (options.private_network ? CLONE_NEWNET : 0);
  arguments.pidfd = reinterpret_cast<uint64_t>(&made.pidfd);
  arguments.exit_signal = SIGCHLD;
  if (options.group >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<uint64_t>(options.group);
  }
  const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) {
    close(mapped[1]);
    RunChild(options, mapped[0], child);
  }
  const int clone_error = errno;
  close(mapped[0]);
  absl::Status status = absl::OkStatus();
  if (pid < 0) {
    status = Refused(clone_error, options.group >= 0);
  } else {
    made.pid = static_cast<pid_t>(pid);
    status = MapIds(made.pid, options.first_host_id);
  }
  if (status.ok() && write(mapped[1], "g", 1) != 1) status = absl::UnavailableError("machine: ended while it was made");
  close(mapped[1]);
  if (status.ok()) return made;
  if (pid > 0) {
    kill(made.pid, SIGKILL);
    waitpid(made.pid, nullptr, 0);
    close(made.pidfd);
  }
  return status;
}

}  // namespace flyd
