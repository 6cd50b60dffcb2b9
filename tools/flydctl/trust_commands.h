#ifndef TOOLS_FLYDCTL_TRUST_COMMANDS_H_
#define TOOLS_FLYDCTL_TRUST_COMMANDS_H_

#include "tools/flydctl/session.h"

namespace tools {

// `flydctl trust aws|gcp|azure|vault NAME [--scope org|app|machine]` prints what makes a cloud trust machines of the fleet:
// commands, or with `-o json` the policy alone. `flydctl trust check POLICY` judges one.
void AddTrustCommands(CLI::App& root, Session& session);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_TRUST_COMMANDS_H_
