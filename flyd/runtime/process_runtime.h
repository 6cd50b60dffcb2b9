#ifndef FLYD_RUNTIME_PROCESS_RUNTIME_H_
#define FLYD_RUNTIME_PROCESS_RUNTIME_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flyd/images/image_store.h"
#include "flyd/runtime/boot_control.h"
#include "flyd/runtime/boot_limits.h"
#include "flyd/runtime/exit_watcher.h"
#include "flyd/runtime/id_ranges.h"
#include "flyd/runtime/runner_protocol.h"
#include "flyd/runtime/runtime.h"
#include "tokensvc/clock.h"

namespace flyd {

struct ProcessRuntimeOptions {
  // Absolute. Each machine has run_dir/m/MACHINE_ID/guest (its socket `api.sock`; made here if absent) and
  // run_dir/m/MACHINE_ID/b/BOOT_ID (files of boot_files.h). Must not be visible inside machines: it is not, unless it
  // lies under a directory of the host that they see (see root_file_system.h) and is not in `hidden_paths`.
  std::string run_dir;
  // The static binary //flyd/init:init, absolute.
  std::string init_path;
  // Absolute: unpacked images (image_store.h), on a file system whose ids can be mapped (ext4, xfs, btrfs). "": this host
  // runs the image `host` alone.
  std::string image_dir;
  // Root: first of the host ids given to machines, 65,536 each. Ignored rootless, where a machine has one id: ours.
  uint32_t first_host_id = 0x40000000;
  uint32_t max_machines = 4096;
  // Files and directories of the host that are masked inside (data directories, keys).
  std::vector<std::string> hidden_paths;
  // Absolute: the folder of control_groups.h. "": machines have no groups of their own and can be held to no limits.
  std::string control_group;
  // False: the machine shares the host's network. True: it has a loopback interface of its own and nothing else.
  bool private_network = false;
  // How long the runner may take until it is recorded.
  absl::Duration start_timeout = absl::Seconds(10);
};

// Runs each boot as a process tree in its own namespaces, under a runner (`init runner`) that outlives this process.
// Thread-safe.
//
// A machine has an id range from its first Start until its last boot is removed; Create reads them back from the boots'
// files.
class ProcessRuntime final : public Runtime, public BootControl {
 public:
  // InvalidArgument: a path is not absolute, the ids do not fit, or the control group is none. Unavailable: `init_path` cannot be run, or run_dir
  // cannot be made. `sink` is called from a thread of this object, for boots that Start or Observe found running.
  // `clock` is not owned and outlives this.
  static absl::StatusOr<std::unique_ptr<ProcessRuntime>> Create(ProcessRuntimeOptions options,
                                                                const tokensvc::Clock& clock, ExitSink sink);

  // OK if this host can run machines. Unavailable names what is missing ("user namespaces: …"), for the people who
  // choose the simulated runtime then. Takes some 20 ms: it sets a machine up and throws it away.
  static absl::Status Probe(const ProcessRuntimeOptions& options);

  // What machines can be held to here.
  const HostBounds& bounds() const { return bounds_; }

  // ImageStore::RemoveUnused; 0 where there is no store.
  absl::StatusOr<int> RemoveUnusedImages(const absl::flat_hash_set<std::string>& used, absl::Time before);

  // Ends nothing: machines run on.
  ~ProcessRuntime() override;

  absl::StatusOr<RunningBoot> Start(const BootSpec& spec) override;
  absl::StatusOr<BootObservation> Observe(absl::string_view machine_id, absl::string_view boot_id) override;
  absl::Status Signal(absl::string_view machine_id, absl::string_view boot_id, int signal) override;
  absl::StatusOr<std::vector<BootName>> Boots(absl::string_view machine_id) override;
  absl::Status Remove(absl::string_view machine_id, absl::string_view boot_id) override;

  // The workload's processes are frozen as a group, or stopped by PID 1 where the host has no groups; PID 1 goes on.
  absl::Status Suspend(absl::string_view machine_id, absl::string_view boot_id) override;
  absl::Status Resume(absl::string_view machine_id, absl::string_view boot_id) override;
  void MarkFenced(absl::string_view machine_id, absl::string_view boot_id, bool fenced) override;
  bool IsMarkedFenced(absl::string_view machine_id, absl::string_view boot_id) const override;
  absl::StatusOr<ExecResult> Exec(absl::string_view machine_id, absl::string_view boot_id,
                                  const ExecRequest& request) override;

 private:
  ProcessRuntime(ProcessRuntimeOptions options, const tokensvc::Clock& clock, ExitSink sink);

  std::string BootDirectory(absl::string_view machine_id, absl::string_view boot_id) const;
  void RestoreRanges() ABSL_LOCKS_EXCLUDED(ranges_mu_);
  absl::StatusOr<BootObservation> FindStarted(const BootSpec& spec) ABSL_EXCLUSIVE_LOCKS_REQUIRED(start_mu_);
  // Finds, verifies and unpacks what is not "host"; blocks for as long as that takes.
  absl::StatusOr<StoredImage> PrepareImage(const BootSpec& spec);
  absl::StatusOr<RunningBoot> Launch(const BootSpec& spec, const StoredImage& image, const std::string& directory)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(start_mu_);
  // The reply of the boot's runner. FailedPrecondition: the boot does not run.
  absl::StatusOr<ExecResult> Ask(absl::string_view machine_id, absl::string_view boot_id, const ControlRequest& request,
                                 absl::Duration patience);
  absl::StatusOr<RunningBoot> FollowRunner(absl::string_view machine_id, absl::string_view boot_id,
                                           const std::string& directory);

  const ProcessRuntimeOptions options_;
  const tokensvc::Clock& clock_;
  HostBounds bounds_;
  std::unique_ptr<ImageStore> images_;  // null: none
  ExitWatcher watcher_;
  absl::Mutex start_mu_;  // one Start at a time: it is a fork and some mounts
  absl::Mutex ranges_mu_;  // not behind a start
  IdRanges ranges_ ABSL_GUARDED_BY(ranges_mu_);  // by machine
};

}  // namespace flyd

#endif  // FLYD_RUNTIME_PROCESS_RUNTIME_H_
