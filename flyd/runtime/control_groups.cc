#include "flyd/runtime/control_groups.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "flyd/files/durable_file.h"
#include "flyd/runtime/group_file.h"

namespace flyd {
namespace {

absl::Status CheckHierarchy(const std::string& path) {
  const std::string parent = path.substr(0, path.rfind('/') + 1);
  struct statfs info;
  if (statfs(parent.c_str(), &info) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("control group ", parent, ": ", strerror(errno), ", want a folder"));
  }
  if (info.f_type == CGROUP2_SUPER_MAGIC) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("control group ", parent, ": of another file system, want cgroup v2"));
}

}  // namespace

absl::StatusOr<HostBounds> OpenControlGroups(const std::string& path) {
  if (absl::Status there = CheckHierarchy(path); !there.ok()) return there;
  if (absl::Status made = MakeGroup(path); !made.ok()) return made;
  if (access((path + "/cgroup.kill").c_str(), F_OK) != 0) {
    return absl::UnavailableError(absl::StrCat("control group ", path, ": without cgroup.kill, want Linux 5.14"));
  }
  const absl::StatusOr<std::string> controllers = ReadWholeFile(path + "/cgroup.controllers");
  if (!controllers.ok()) return absl::UnavailableError(controllers.status().message());
  const std::set<absl::string_view> there = absl::StrSplit(*controllers, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  for (const char* controller : {"cpu", "memory", "pids"}) {
    if (!there.contains(controller)) continue;
    absl::Status on = WriteGroupFile(path + "/cgroup.subtree_control", absl::StrCat("+", controller));
    if (!on.ok()) return on;
  }
  return HostBounds{.cpus = there.contains("cpu"), .memory = there.contains("memory"), .pids = there.contains("pids")};
}

}  // namespace flyd
