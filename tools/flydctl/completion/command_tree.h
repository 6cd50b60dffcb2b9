#ifndef TOOLS_FLYDCTL_COMPLETION_COMMAND_TREE_H_
#define TOOLS_FLYDCTL_COMPLETION_COMMAND_TREE_H_

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tools {

// An option, or a word by its place.
struct CommandArgument {
  std::vector<std::string> names;  // "-o" and "--output"; of a word by its place only what the help calls it
  std::string help;
  bool takes_value = false;
  std::vector<std::string> values;  // all that it may be; empty: anything
};

struct SubcommandName {
  std::string name;
  std::string help;
};

// What may follow one command, as the parser itself has it.
struct Command {
  std::string path;  // "flydctl machine stop"
  std::vector<SubcommandName> subcommands;
  std::vector<CommandArgument> options;  // those of the commands above that fall through to it, too
  std::vector<CommandArgument> places;   // in their order
};

// `root`, as `flydctl`, and all commands below it; each comes after the one that it is below. The values of an argument
// are those of CLI::IsMember, and of any other check that is described as "{one,other}".
std::vector<Command> DescribeCommands(const CLI::App& root);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_COMPLETION_COMMAND_TREE_H_
