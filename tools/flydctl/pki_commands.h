#ifndef TOOLS_FLYDCTL_PKI_COMMANDS_H_
#define TOOLS_FLYDCTL_PKI_COMMANDS_H_

#include "tools/flydctl/session.h"

namespace tools {

// `flydctl pki init|issue`: certificates of a development fleet.
void AddPkiCommands(CLI::App& root, Session& session);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_PKI_COMMANDS_H_
