#ifndef TOOLS_FLYDCTL_FLEET_COMMANDS_H_
#define TOOLS_FLYDCTL_FLEET_COMMANDS_H_

#include "tools/flydctl/session.h"

namespace tools {

// `flydctl fleet status|machines`: what the programs of the fleet say of themselves, and where fleetd placed what.
void AddFleetCommands(CLI::App& root, Session& session);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_FLEET_COMMANDS_H_
