#include "flyd/runtime/process_identity.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace flyd {
namespace {

std::string Slurp(const std::string& path) {
  std::ifstream file(path);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

// Field 22 of proc(5)'s stat. The second field is the program's name in parentheses, which may hold both spaces and
// parentheses: count from the last one.
absl::StatusOr<uint64_t> StartTicks(pid_t pid) {
  const std::string stat = Slurp(absl::StrCat("/proc/", pid, "/stat"));
  const size_t name_end = stat.rfind(") ");
  if (name_end == std::string::npos) return absl::NotFoundError(absl::StrCat("process ", pid, ": absent"));
  const std::vector<absl::string_view> fields = absl::StrSplit(absl::string_view(stat).substr(name_end + 2), ' ');
  constexpr size_t kStartTime = 22 - 3;  // fields[0] is field 3, the state
  uint64_t ticks = 0;
  if (fields.size() <= kStartTime || !absl::SimpleAtoi(fields[kStartTime], &ticks)) {
    return absl::InternalError(absl::StrCat("process ", pid, ": stat without a start time"));
  }
  if (fields[0] == "Z" || fields[0] == "X") return absl::NotFoundError(absl::StrCat("process ", pid, ": ended"));
  return ticks;
}

bool HasEnded(int pidfd) {
  pollfd ready = {pidfd, POLLIN, 0};
  return poll(&ready, 1, 0) == 1;
}

}  // namespace

absl::StatusOr<std::string> HostBootId() {
  std::string id = Slurp("/proc/sys/kernel/random/boot_id");
  id = std::string(absl::StripSuffix(id, "\n"));
  if (id.empty()) return absl::UnavailableError("/proc/sys/kernel/random/boot_id: unreadable, want the host's boot id");
  return id;
}

absl::StatusOr<ProcessIdentity> IdentifyProcess(pid_t pid) {
  absl::StatusOr<std::string> boot = HostBootId();
  if (!boot.ok()) return boot.status();
  absl::StatusOr<uint64_t> ticks = StartTicks(pid);
  if (!ticks.ok()) return ticks.status();
  return ProcessIdentity{.pid = pid, .start_ticks = *ticks, .host_boot_id = *std::move(boot)};
}

absl::StatusOr<int> OpenProcess(const ProcessIdentity& identity) {
  absl::StatusOr<std::string> boot = HostBootId();
  if (!boot.ok()) return boot.status();
  if (*boot != identity.host_boot_id) {
    return absl::NotFoundError(absl::StrCat("process ", identity.pid, ": of another boot of the host"));
  }
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, identity.pid, 0));
  if (pidfd < 0) {
    if (errno == ESRCH || errno == EINVAL) return absl::NotFoundError(absl::StrCat("process ", identity.pid, ": absent"));
    return absl::UnavailableError(absl::StrCat("pidfd_open ", identity.pid, ": ", strerror(errno)));
  }
  // Read after the descriptor is held: the pid cannot go to another process between the two.
  absl::StatusOr<uint64_t> ticks = StartTicks(identity.pid);
  if (ticks.ok() && *ticks == identity.start_ticks && !HasEnded(pidfd)) return pidfd;
  close(pidfd);
  if (!ticks.ok() && ticks.status().code() != absl::StatusCode::kNotFound) return ticks.status();
  return absl::NotFoundError(absl::StrCat("process ", identity.pid, ": ended"));
}

}  // namespace flyd
