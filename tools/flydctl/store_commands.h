#ifndef TOOLS_FLYDCTL_STORE_COMMANDS_H_
#define TOOLS_FLYDCTL_STORE_COMMANDS_H_

#include "tools/flydctl/session.h"

namespace tools {

// `flydctl store verify|checkpoint|restore`: the machine store of a worker whose flyd is stopped, on that worker.
void AddStoreCommands(CLI::App& root, Session& session);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_STORE_COMMANDS_H_
