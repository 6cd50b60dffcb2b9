#ifndef TOOLS_FLYDCTL_COMPLETION_COMPLETION_SCRIPT_H_
#define TOOLS_FLYDCTL_COMPLETION_COMPLETION_SCRIPT_H_

#include <string>
#include <vector>

#include "tools/flydctl/completion/command_tree.h"

// Completion scripts for three shells. Each is a table of the commands and a function that walks the words of the line
// through it: subcommands, then options after a dash, else the values of what stands at the cursor, else files.
namespace tools {

// For bash from 3.2 on, by itself: bash-completion need not be there.
std::string BashCompletion(const std::vector<Command>& commands);
std::string ZshCompletion(const std::vector<Command>& commands);
std::string FishCompletion(const std::vector<Command>& commands);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_COMPLETION_COMPLETION_SCRIPT_H_
