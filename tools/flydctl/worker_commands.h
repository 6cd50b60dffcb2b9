#ifndef TOOLS_FLYDCTL_WORKER_COMMANDS_H_
#define TOOLS_FLYDCTL_WORKER_COMMANDS_H_

#include "tools/flydctl/session.h"

namespace tools {

// flydctl worker status|cordon|uncordon|drain.
void AddWorkerCommands(CLI::App& root, Session& session);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_WORKER_COMMANDS_H_
