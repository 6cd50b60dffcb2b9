#ifndef FLYD_SUPERVISOR_BOOT_ANSWER_CODEC_H_
#define FLYD_SUPERVISOR_BOOT_ANSWER_CODEC_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flyd/runtime/boot_limits.h"
#include "flyd/supervisor/restart_policy.h"
#include "storage/machine_record.h"

// The parts of a machine's configuration that flyd itself acts on, out of the opaque bytes in its record.
namespace flyd {

// The body of the answer to POST /boot: what to run, who the machine is, and its Macaroon. Holds a secret.
// InvalidArgument: the boot's configuration is not a MachineConfig.
absl::StatusOr<std::string> BootAnswerJson(const storage::MachineRecord& record, absl::string_view macaroon);

struct StopSettings {
  int signal = 2;  // SIGINT
  absl::Duration timeout = absl::Seconds(5);
};
StopSettings StopSettingsOf(absl::string_view config);

RestartSettings RestartSettingsOf(absl::string_view config);

BootLimits LimitsOf(absl::string_view config);

std::map<std::string, std::string> MetadataOf(absl::string_view config);

bool WantsAutoDestroy(absl::string_view config);

bool WantsPrincipalTags(absl::string_view config);

// 0 where it is no signal's name ("SIGTERM").
int SignalByName(absl::string_view name);

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_BOOT_ANSWER_CODEC_H_
