#include "flyd/runtime/machine_group.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flyd/files/durable_file.h"
#include "flyd/runtime/group_file.h"

namespace flyd {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience(1);
constexpr uint64_t kPeriodMicros = 100'000;

// Until `name` of the group's cgroup.events has the value. The kernel tells of each change.
absl::Status Await(const std::string& group, absl::string_view name, uint64_t value) {
  const std::string path = group + "/cgroup.events";
  const OpenFile events(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const Clock::time_point until = Clock::now() + kPatience;
  for (;;) {
    char text[256];
    const ssize_t got = pread(events.get(), text, sizeof text, 0);
    if (got < 0) return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno)));
    if (GroupNumber({text, static_cast<size_t>(got)}, name) == value) return absl::OkStatus();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return absl::UnavailableError(absl::StrCat(path, ": ", name, " not ", value, " within a second"));
    pollfd changed = {events.get(), POLLPRI, 0};
    poll(&changed, 1, static_cast<int>(left));
  }
}

absl::Status SetLimits(const std::string& path, const BootLimits& limits) {
  if (limits.cpus != 0) {
    const std::string quota = absl::StrCat(limits.cpus * kPeriodMicros, " ", kPeriodMicros);
    if (absl::Status set = WriteGroupFile(path + "/cpu.max", quota); !set.ok()) return set;
  }
  if (limits.memory_bytes != 0) {
    absl::Status set = WriteGroupFile(path + "/memory.max", absl::StrCat(limits.memory_bytes));
    if (!set.ok()) return set;
    // Memory is what was ordered, not memory and as much of the host's swap. A host without swap may lack the file.
    const std::string swap = path + "/memory.swap.max";
    if (access(swap.c_str(), F_OK) == 0) set = WriteGroupFile(swap, "0");
    if (!set.ok()) return set;
  }
  return limits.pids == 0 ? absl::OkStatus() : WriteGroupFile(path + "/pids.max", absl::StrCat(limits.pids));
}

absl::Status RemoveGroup(const std::string& path) {
  if (rmdir(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno), ", want to remove the control group"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<MachineGroup>> MachineGroup::Create(std::string path, const BootLimits& limits) {
  const std::string init_path = path + "/init";
  const std::string workload_path = path + "/workload";
  for (const std::string& group : {path, init_path, workload_path}) {
    if (absl::Status made = MakeGroup(group); !made.ok()) return made;
  }
  if (absl::Status set = SetLimits(path, limits); !set.ok()) return set;
  OpenFile init(open(init_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  OpenFile workload(open((workload_path + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (!init.is_open() || !workload.is_open()) {
    return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno), ", want to enter the control group"));
  }
  return std::unique_ptr<MachineGroup>(new MachineGroup(std::move(path), std::move(init), std::move(workload)));
}

absl::Status MachineGroup::Freeze() {
  absl::Status frozen = WriteGroupFile(path_ + "/workload/cgroup.freeze", "1");
  if (frozen.ok()) frozen = Await(path_ + "/workload", "frozen", 1);
  if (!frozen.ok()) (void)Thaw();  // the freeze is what is told of
  return frozen;
}

absl::Status MachineGroup::Thaw() { return WriteGroupFile(path_ + "/workload/cgroup.freeze", "0"); }

bool MachineGroup::WasOutOfMemory() const {
  const absl::StatusOr<std::string> events = ReadWholeFile(path_ + "/memory.events");
  // "oom_kill" counts those too that were ended because the host's memory was out.
  return events.ok() && GroupNumber(*events, "oom").value_or(0) > 0 && GroupNumber(*events, "oom_kill").value_or(0) > 0;
}

absl::Status RemoveMachineGroup(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) return absl::OkStatus();
  if (absl::Status killed = WriteGroupFile(path + "/cgroup.kill", "1"); !killed.ok()) return killed;
  if (absl::Status empty = Await(path, "populated", 0); !empty.ok()) return empty;
  for (const char* group : {"/workload", "/init", ""}) {
    if (absl::Status removed = RemoveGroup(path + group); !removed.ok()) return removed;
  }
  return absl::OkStatus();
}

}  // namespace flyd
