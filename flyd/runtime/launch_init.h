#ifndef FLYD_RUNTIME_LAUNCH_INIT_H_
#define FLYD_RUNTIME_LAUNCH_INIT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace flyd {

// Runs the init binary in a host mode ("runner", "probe"; see flyd/init/runner/runner.h) with an empty environment and no
// descriptor of ours, and answers what it says of itself on descriptor 1. Unavailable: it could not be run, said
// nothing, or took longer than `timeout`; it is killed then.
absl::Status LaunchInit(const std::string& init_path, const std::vector<std::string>& arguments, absl::Duration timeout);

}  // namespace flyd

#endif  // FLYD_RUNTIME_LAUNCH_INIT_H_
