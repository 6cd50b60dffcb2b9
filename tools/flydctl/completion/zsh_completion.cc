#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tools/flydctl/completion/completion_script.h"
#include "tools/flydctl/completion/completion_table.h"

namespace tools {
namespace {

// In the end the script runs what it defined where fpath loaded it as the function _flydctl, and else registers it.
constexpr char kWalk[] = R"(
_flydctl() {
  local -a subcommands options valued values
  local at=flydctl option= word
  integer place=1
  _flydctl_command $at
  for word in "${(@)words[2,CURRENT-1]}"; do
    if [[ -n $option ]]; then
      option=
    elif [[ $word == -- ]]; then
      _files
      return
    elif (( ${valued[(Ie)$word]} )); then
      option=$word
    elif [[ $word == -* ]]; then
      continue
    elif (( ${subcommands[(I)${(b)word}:*]} )); then
      at+=" $word"
      _flydctl_command $at
    else
      (( place++ ))
    fi
  done
  if [[ -z $option && $PREFIX == --*=* ]]; then
    option=${PREFIX%%=*}
    compset -P '*='
  fi
  if [[ -n $option ]]; then
    _flydctl_values "$at $option"
  elif [[ $PREFIX == -* ]]; then
    _describe -o option options
    return
  elif (( $#subcommands )); then
    _describe command subcommands
    return
  else
    _flydctl_values "$at $place"
  fi
  if (( $#values )); then
    compadd -a values
  else
    _files
  fi
}

if [[ $funcstack[1] == _flydctl ]]; then
  _flydctl "$@"
else
  compdef _flydctl flydctl
fi
)";

// 'word:help', as _describe takes it.
std::string Described(const std::vector<Candidate>& candidates) {
  const auto described = [](std::string* out, const Candidate& candidate) {
    absl::StrAppend(out, "'", candidate.word, ":", absl::StrReplaceAll(candidate.help, {{"'", "'\\''"}}), "'");
  };
  return absl::StrCat("(", absl::StrJoin(candidates, " ", described), ")");
}

std::string Words(const std::vector<Candidate>& candidates) {
  const auto word = [](std::string* out, const Candidate& candidate) { *out += candidate.word; };
  return absl::StrCat("(", absl::StrJoin(candidates, " ", word), ")");
}

}  // namespace

std::string ZshCompletion(const std::vector<Command>& commands) {
  std::string script =
      "#compdef flydctl\n"
      "# Completion of flydctl for zsh:  source <(flydctl completion zsh), or as the file _flydctl in a folder of $fpath\n"
      "_flydctl_command() {\n"
      "  case $1 in\n";
  for (const Command& command : commands) {
    absl::StrAppend(&script, "  ('", command.path, "')\n    subcommands=", Described(SubcommandsOf(command)),
                    "\n    options=", Described(OptionsOf(command)),
                    "\n    valued=", Words(ValuedOptionsOf(command)), " ;;\n");
  }
  absl::StrAppend(&script, "  esac\n}\n\n_flydctl_values() {\n  case $1 in\n");
  for (const auto& [key, values] : ValuesByKey(commands)) {
    absl::StrAppend(&script, "  ('", key, "') values=", Words(values), " ;;\n");
  }
  return absl::StrCat(script, "  (*) values=() ;;\n  esac\n}\n", kWalk);
}

}  // namespace tools
