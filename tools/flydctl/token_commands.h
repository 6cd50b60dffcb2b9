#ifndef TOOLS_FLYDCTL_TOKEN_COMMANDS_H_
#define TOOLS_FLYDCTL_TOKEN_COMMANDS_H_

#include "tools/flydctl/session.h"

namespace tools {

// `flydctl token inspect|verify [TOKEN]`; without TOKEN it is read from standard input, which keeps it out of the
// process list.
void AddTokenCommands(CLI::App& root, Session& session);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_TOKEN_COMMANDS_H_
