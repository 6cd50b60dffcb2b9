#ifndef FLYD_INIT_RUNNER_MACHINE_FOLLOWER_H_
#define FLYD_INIT_RUNNER_MACHINE_FOLLOWER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flyd/init/runner/start_machine.h"
#include "flyd/runtime/runtime.h"

namespace flyd {

// What a runner does while its machine lives: writes its output to log files, obeys control.sock (runner_protocol.h),
// and waits for the end. All files are in the working directory.
class MachineFollower {
 public:
  // Listens on control.sock when it returns. Takes over the machine's descriptors, also on failure. Unavailable: the
  // socket cannot be made.
  static absl::StatusOr<std::unique_ptr<MachineFollower>> Create(const StartedMachine& machine);
  ~MachineFollower();

  // Lets the machine go on and returns when all of it has ended and its output is written.
  BootExit Run();

 private:
  class Loop;
  explicit MachineFollower(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace flyd

#endif  // FLYD_INIT_RUNNER_MACHINE_FOLLOWER_H_
