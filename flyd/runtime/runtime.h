#ifndef FLYD_RUNTIME_RUNTIME_H_
#define FLYD_RUNTIME_RUNTIME_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flyd/runtime/boot_limits.h"

namespace flyd {

// What a runtime needs to start one boot of one machine. The run configuration and the Macaroon are not here: PID 1
// fetches them itself with POST /boot on the guest socket.
struct BootSpec {
  std::string machine_id;
  std::string boot_id;       // 32 hex digits, unique for each boot
  std::string hostname;
  std::string image;         // "host", or the path of an OCI layout
  std::string image_digest;  // "sha256:" and 64 hex digits
  BootLimits limits;
};

// How a boot ended.
struct BootExit {
  int exit_code = 0;  // the workload's, or 128 + signal
  int signal = 0;     // 0: it exited by itself
  bool oom_killed = false;
  absl::Time exited_at;
  std::string error;  // `subject: found, want` where there was nothing to exit; else empty
};

// A boot whose runner lives. `runner_pid` with `runner_start_ticks` and `host_boot_id` cannot be mistaken for another
// process: a pid alone can.
struct RunningBoot {
  pid_t runner_pid = 0;  // 0: the runtime has no process
  uint64_t runner_start_ticks = 0;
  std::string host_boot_id;
  pid_t init_pid = 0;  // host pid of the machine's PID 1
};

// What a restarted flyd finds of a boot: it runs, it ended, or it was never started (monostate).
using BootObservation = std::variant<std::monostate, RunningBoot, BootExit>;

// A boot of which the host keeps something.
struct BootName {
  std::string machine_id;
  std::string boot_id;
};

// Told once for each boot that ends, from a thread of the runtime's own; must not block for long and must not call the
// runtime back from inside.
using ExitSink = std::function<void(absl::string_view machine_id, absl::string_view boot_id, const BootExit& exit)>;

// Runs boots. Implementations are thread-safe. Every method is idempotent for the same (machine, boot), because a
// supervisor that crashed calls again.
class Runtime {
 public:
  virtual ~Runtime() = default;

  // Starts the boot, or finds it started. Answers once its runner is recorded on the host; the workload may not run yet.
  //   FailedPrecondition: the image is absent or does not hash to its digest; the host cannot hold a machine to one of the
  //   limits; or the boot has already ended.
  //   Unavailable: the host refused (processes, namespaces, space); nothing of the boot is left behind.
  virtual absl::StatusOr<RunningBoot> Start(const BootSpec& spec) = 0;

  // What there is of the boot. After it answered RunningBoot the exit sink will be told of the end.
  virtual absl::StatusOr<BootObservation> Observe(absl::string_view machine_id, absl::string_view boot_id) = 0;

  // Sends a signal to the workload; SIGKILL ends the whole machine at once. OK where the boot has ended already.
  virtual absl::Status Signal(absl::string_view machine_id, absl::string_view boot_id, int signal) = 0;

  // The boots of a machine, or of all machines where the id is empty, that the host keeps something of: the older of a
  // machine's before the newer.
  virtual absl::StatusOr<std::vector<BootName>> Boots(absl::string_view machine_id) = 0;

  // Removes what the host keeps of an ended boot (directories, logs). OK where there is nothing. FailedPrecondition: it runs.
  virtual absl::Status Remove(absl::string_view machine_id, absl::string_view boot_id) = 0;
};

}  // namespace flyd

#endif  // FLYD_RUNTIME_RUNTIME_H_
