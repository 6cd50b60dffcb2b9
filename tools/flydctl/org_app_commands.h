#ifndef TOOLS_FLYDCTL_ORG_APP_COMMANDS_H_
#define TOOLS_FLYDCTL_ORG_APP_COMMANDS_H_

#include "tools/flydctl/session.h"

namespace tools {

// `flydctl org create|list|show|stop|resume` and `flydctl app create|list`.
void AddOrgCommands(CLI::App& root, Session& session);
void AddAppCommands(CLI::App& root, Session& session);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_ORG_APP_COMMANDS_H_
