#include "tools/flydctl/completion/completion_command.h"

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "tools/flydctl/completion/command_tree.h"
#include "tools/flydctl/completion/completion_script.h"

namespace tools {

void AddCompletionCommand(CLI::App& root, std::function<int()>& command) {
  using Script = std::string (*)(const std::vector<Command>&);
  static const std::map<std::string, Script> kShells = {
      {"bash", &BashCompletion}, {"fish", &FishCompletion}, {"zsh", &ZshCompletion}};
  auto shell = std::make_shared<std::string>();
  CLI::App* completion =
      root.add_subcommand("completion", "Print a shell's completion script: source <(flydctl completion bash)");
  completion->add_option("shell", *shell)->required()->check(CLI::IsMember(kShells));
  completion->callback([&root, &command, shell] {
    command = [&root, shell] {
      std::printf("%s", kShells.at(*shell)(DescribeCommands(root)).c_str());
      return 0;
    };
  });
}

}  // namespace tools
