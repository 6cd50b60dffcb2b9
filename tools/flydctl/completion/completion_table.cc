#include "tools/flydctl/completion/completion_table.h"

#include "absl/strings/str_cat.h"

namespace tools {
namespace {

std::vector<Candidate> Words(const std::vector<std::string>& words) {
  std::vector<Candidate> candidates;
  for (const std::string& word : words) candidates.push_back({word, ""});
  return candidates;
}

}  // namespace

std::vector<Candidate> SubcommandsOf(const Command& command) {
  std::vector<Candidate> candidates;
  for (const SubcommandName& subcommand : command.subcommands) candidates.push_back({subcommand.name, subcommand.help});
  return candidates;
}

std::vector<Candidate> OptionsOf(const Command& command) {
  std::vector<Candidate> candidates;
  for (const CommandArgument& option : command.options) {
    for (const std::string& name : option.names) candidates.push_back({name, option.help});
  }
  return candidates;
}

std::vector<Candidate> ValuedOptionsOf(const Command& command) {
  std::vector<Candidate> candidates;
  for (const CommandArgument& option : command.options) {
    if (!option.takes_value) continue;
    for (const std::string& name : option.names) candidates.push_back({name, ""});
  }
  return candidates;
}

std::vector<std::pair<std::string, std::vector<Candidate>>> ValuesByKey(const std::vector<Command>& commands) {
  std::vector<std::pair<std::string, std::vector<Candidate>>> values;
  for (const Command& command : commands) {
    for (const CommandArgument& option : command.options) {
      if (option.values.empty()) continue;
      for (const std::string& name : option.names) {
        values.emplace_back(absl::StrCat(command.path, " ", name), Words(option.values));
      }
    }
    for (size_t place = 0; place < command.places.size(); ++place) {
      if (command.places[place].values.empty()) continue;
      values.emplace_back(absl::StrCat(command.path, " ", place + 1), Words(command.places[place].values));
    }
  }
  return values;
}

}  // namespace tools
