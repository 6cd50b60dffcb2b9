#include "tools/flydctl/completion/command_tree.h"

#include <algorithm>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tools {
namespace {

// A check has no list of values that can be asked for: its description, behind the type's name, is all that tells them.
std::vector<std::string> ValuesOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{');
  const size_t close = type.find('}', open);
  if (open == type.npos || close == type.npos) return {};
  return absl::StrSplit(type.substr(open + 1, close - open - 1), ',', absl::SkipEmpty());
}

CommandArgument Describe(const CLI::Option& option) {
  CommandArgument argument;
  for (const std::string& name : option.get_snames()) argument.names.push_back(absl::StrCat("-", name));
  for (const std::string& name : option.get_lnames()) argument.names.push_back(absl::StrCat("--", name));
  if (option.get_positional()) argument.names = {option.get_name(/*positional=*/true)};
  argument.help = option.get_description();
  argument.takes_value = option.get_items_expected_max() > 0;
  argument.values = ValuesOf(option);
  return argument;
}

void InheritOptions(const Command& from, Command& to) {
  for (const CommandArgument& option : from.options) {
    const bool hidden = std::any_of(to.options.begin(), to.options.end(),
                                    [&](const CommandArgument& own) { return own.names == option.names; });
    if (!hidden) to.options.push_back(option);
  }
}

void Append(const CLI::App& app, const std::string& path, const Command* above, std::vector<Command>& commands) {
  Command command{.path = path, .subcommands = {}, .options = {}, .places = {}};
  for (const CLI::Option* option : app.get_options()) {
    (option->get_positional() ? command.places : command.options).push_back(Describe(*option));
  }
  if (above != nullptr && app.get_fallthrough()) InheritOptions(*above, command);
  const std::vector<const CLI::App*> subcommands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* subcommand : subcommands) {
    command.subcommands.push_back({subcommand->get_name(), subcommand->get_description()});
  }
  commands.push_back(command);
  for (const CLI::App* subcommand : subcommands) {
    Append(*subcommand, absl::StrCat(path, " ", subcommand->get_name()), &command, commands);
  }
}

}  // namespace

std::vector<Command> DescribeCommands(const CLI::App& root) {
  std::vector<Command> commands;
  Append(root, "flydctl", nullptr, commands);
  return commands;
}

}  // namespace tools
