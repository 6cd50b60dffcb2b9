#ifndef TOOLS_FLYDCTL_COMPLETION_COMPLETION_COMMAND_H_
#define TOOLS_FLYDCTL_COMPLETION_COMPLETION_COMMAND_H_

#include <functional>

namespace CLI {
class App;
}

namespace tools {

// `flydctl completion bash|zsh|fish`: prints the script, made from all that `root` has by then. As every subcommand's, its
// callback sets `command`, whose value is the exit code.
void AddCompletionCommand(CLI::App& root, std::function<int()>& command);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_COMPLETION_COMPLETION_COMMAND_H_
