#ifndef FLYD_RUNTIME_MACHINE_GROUP_H_
#define FLYD_RUNTIME_MACHINE_GROUP_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flyd/files/open_file.h"
#include "flyd/runtime/boot_limits.h"

namespace flyd {

// The control group (cgroup v2) of one boot, which holds the limits, and the two below it: `init` for PID 1, `workload` for
// all that PID 1 starts. So a suspension holds the workload alone, and without the signals that it could see.
// For one thread.
class MachineGroup {
 public:
  // Makes the groups, or takes those that are there. The group's parent is one of control_groups.h.
  // Unavailable names the file that the kernel refused.
  static absl::StatusOr<std::unique_ptr<MachineGroup>> Create(std::string path, const BootLimits& limits);

  // The group that PID 1 is born in (CLONE_INTO_CGROUP).
  int init() const { return init_.get(); }
  // `cgroup.procs` of the workload, open for writing: who writes "0" there goes in. The kernel asks whether who opened it
  // may move processes, so this is a privilege that PID 1 is given for this one group.
  int workload() const { return workload_.get(); }

  // No process of the workload runs when it answers OK. Unavailable: one could not be held within a second, and all run on.
  absl::Status Freeze();
  absl::Status Thaw();

  // Whether the machine has reached the limit of its memory, and the kernel has ended a process of it.
  bool WasOutOfMemory() const;

 private:
  MachineGroup(std::string path, OpenFile init, OpenFile workload)
      : path_(std::move(path)), init_(std::move(init)), workload_(std::move(workload)) {}

  const std::string path_;
  const OpenFile init_;
  const OpenFile workload_;
};

// Ends every process that is left in the boot's groups and removes them. OK where there is none. Unavailable: one could not
// be ended within a second.
absl::Status RemoveMachineGroup(const std::string& path);

}  // namespace flyd

#endif  // FLYD_RUNTIME_MACHINE_GROUP_H_
