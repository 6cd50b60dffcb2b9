#ifndef FLYD_INIT_GATE_BOOT_ANSWER_H_
#define FLYD_INIT_GATE_BOOT_ANSWER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flyd/init/gate/identity_settings.h"
#include "flyd/init/gate/locked_secret.h"
#include "flyd/init/workload/workload_environment.h"

namespace flyd {

// What flyd answers to POST /boot, once: everything that PID 1 needs.
struct BootAnswer {
  std::string boot_id;
  LockedSecret macaroon;  // the whole Authorization value, scheme included
  MachineFacts machine;
  std::vector<std::string> command;  // empty: the image's
  Environment environment;
  std::string user;         // "", NAME, UID, NAME:GROUP or UID:GID
  std::string working_dir;  // "" means /
  IdentitySettings identity;
};

// Parses the answer and takes the Macaroon out of it; `json` is overwritten with zeros whatever the result.
// InvalidArgument names the field at fault and never its value.
absl::StatusOr<BootAnswer> ParseBootAnswer(std::string& json);

}  // namespace flyd

#endif  // FLYD_INIT_GATE_BOOT_ANSWER_H_
