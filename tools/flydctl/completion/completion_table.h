#ifndef TOOLS_FLYDCTL_COMPLETION_COMPLETION_TABLE_H_
#define TOOLS_FLYDCTL_COMPLETION_COMPLETION_TABLE_H_

#include <string>
#include <utility>
#include <vector>

#include "tools/flydctl/completion/command_tree.h"

// What the tables of all shells are made of.
namespace tools {

// A word, and what a shell that shows more says of it.
struct Candidate {
  std::string word;
  std::string help;
};
std::vector<Candidate> SubcommandsOf(const Command& command);
std::vector<Candidate> OptionsOf(const Command& command);
// The options that take a value: the word behind them is no subcommand and has no place.
std::vector<Candidate> ValuedOptionsOf(const Command& command);

// Each key at which only certain values may stand: PATH and the option, or PATH and the place (from 1).
std::vector<std::pair<std::string, std::vector<Candidate>>> ValuesByKey(const std::vector<Command>& commands);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_COMPLETION_COMPLETION_TABLE_H_
