#ifndef FLYD_RUNTIME_BOOT_FILES_H_
#define FLYD_RUNTIME_BOOT_FILES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flyd/images/image_defaults.h"
#include "flyd/runtime/boot_limits.h"
#include "flyd/runtime/process_identity.h"
#include "flyd/runtime/runtime.h"

namespace flyd {

// The directory of one boot on the host, 0700, and who writes what in it. Every JSON file is written to a temporary
// name, synced and renamed: it is whole or absent. Field names are frozen: runners outlive the flyd that started them.
//   order.json    flyd, before the runner starts
//   runner.json   the runner, when the machine's PID 1 exists and its file system is set up
//   exit.json     the runner, last of all
//   lock          locked (open file description lock) by the runner for its life, so that a boot has one at most
//   control.sock  the runner's socket, 0600 (runner_protocol.h)
//   fenced        there while the boot may have no identity (fence_mark.h)
//   stdout.log, stderr.log, and the one before each: .1
inline constexpr char kOrderFile[] = "order.json";
inline constexpr char kRunnerFile[] = "runner.json";
inline constexpr char kExitFile[] = "exit.json";
inline constexpr char kLockFile[] = "lock";
inline constexpr char kControlSocket[] = "control.sock";

// What flyd orders a runner to make.
struct RunnerOrder {
  std::string machine_id;
  std::string boot_id;
  std::string hostname;
  std::string image;            // as the placement names it
  std::string rootfs;           // absolute: the image's tree; empty: the host's own files
  ImageDefaults image_defaults;
  std::string guest_directory;  // absolute; holds api.sock
  uint32_t first_host_id = 0;   // 0: rootless, one id
  bool private_network = false;
  std::string control_group;    // absolute: the boot's own (machine_group.h); empty: none
  BootLimits limits;
  std::vector<std::string> hidden_paths;
};

// What the runner says of itself.
struct RunnerRecord {
  ProcessIdentity runner;
  ProcessIdentity init;  // host pid of the machine's PID 1
};

std::string EncodeOrder(const RunnerOrder& order);
absl::StatusOr<RunnerOrder> DecodeOrder(absl::string_view json);
std::string EncodeRunner(const RunnerRecord& record);
absl::StatusOr<RunnerRecord> DecodeRunner(absl::string_view json);
std::string EncodeExit(const BootExit& exit);
absl::StatusOr<BootExit> DecodeExit(absl::string_view json);

}  // namespace flyd

#endif  // FLYD_RUNTIME_BOOT_FILES_H_
