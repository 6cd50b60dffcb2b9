#ifndef FLYD_RUNTIME_BOOT_CONTROL_H_
#define FLYD_RUNTIME_BOOT_CONTROL_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace flyd {

struct ExecRequest {
  std::vector<std::string> command;
  std::string stdin_bytes;
  absl::Duration timeout = absl::Seconds(60);
  std::function<bool()> is_given_up;  // asked now and then: the caller is gone, the program is to end. Empty: it stays
};

struct ExecResult {
  int exit_code = 0;
  int signal = 0;
  std::string stdout_bytes;
  std::string stderr_bytes;
  bool truncated = false;
};

// What can be done to a boot that runs. Implementations are thread-safe.
class BootControl {
 public:
  virtual ~BootControl() = default;

  // The workload stands still when it returns; PID 1 does not. Idempotent. FailedPrecondition: not running.
  virtual absl::Status Suspend(absl::string_view machine_id, absl::string_view boot_id) = 0;

  // The workload runs on when it returns, after PID 1 has made its token files fresh or has tried to. Idempotent.
  // FailedPrecondition: not running.
  virtual absl::Status Resume(absl::string_view machine_id, absl::string_view boot_id) = 0;

  // Keeps beside the boot whether it may have an identity: for a flyd whose store is damaged, and whose copy of it may be
  // older than the order to end the boot. It outlives flyd and not the host, as the boot does.
  virtual void MarkFenced(absl::string_view machine_id, absl::string_view boot_id, bool fenced) = 0;
  virtual bool IsMarkedFenced(absl::string_view machine_id, absl::string_view boot_id) const = 0;

  // Runs a program inside, as the workload's user; blocks. FailedPrecondition: not running. DeadlineExceeded: killed.
  // Cancelled: given up, and killed.
  virtual absl::StatusOr<ExecResult> Exec(absl::string_view machine_id, absl::string_view boot_id,
                                          const ExecRequest& request) = 0;
};

}  // namespace flyd

#endif  // FLYD_RUNTIME_BOOT_CONTROL_H_
