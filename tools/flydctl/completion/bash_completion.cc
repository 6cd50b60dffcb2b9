#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/flydctl/completion/completion_script.h"
#include "tools/flydctl/completion/completion_table.h"

namespace tools {
namespace {

// COMP_WORDS has `--option=value` as three words.
constexpr char kWalk[] = R"(
_flydctl() {
  local subcommands options valued values at=flydctl place=1 option= ended= word i
  _flydctl_command "$at"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $ended || $word == '=' ]]; then
      continue
    elif [[ $option ]]; then
      option=
    elif [[ $word == -- ]]; then
      ended=yes
    elif [[ " $valued " == *" $word "* ]]; then
      option=$word
    elif [[ $word == -* ]]; then
      continue
    elif [[ " $subcommands " == *" $word "* ]]; then
      at+=" $word"
      _flydctl_command "$at"
    else
      ((place++))
    fi
  done
  word=${COMP_WORDS[COMP_CWORD]}
  if [[ $word == '=' ]]; then word=; fi
  COMPREPLY=()
  if [[ $ended ]]; then
    return
  elif [[ $option ]]; then
    _flydctl_values "$at $option"
  elif [[ $word == -* ]]; then
    values=$options
  elif [[ $subcommands ]]; then
    values=$subcommands
  else
    _flydctl_values "$at $place"
  fi
  COMPREPLY=($(compgen -W "$values" -- "$word"))
}
complete -o bashdefault -o default -F _flydctl flydctl
)";

// Words of commands and options need no quotes within the quotes.
std::string Words(const std::vector<Candidate>& candidates) {
  const auto word = [](std::string* out, const Candidate& candidate) { *out += candidate.word; };
  return absl::StrCat("'", absl::StrJoin(candidates, " ", word), "'");
}

}  // namespace

std::string BashCompletion(const std::vector<Command>& commands) {
  std::string script =
      "# Completion of flydctl for bash:  source <(flydctl completion bash)\n"
      "_flydctl_command() {\n"
      "  case $1 in\n";
  for (const Command& command : commands) {
    absl::StrAppend(&script, "  '", command.path, "') subcommands=", Words(SubcommandsOf(command)),
                    " options=", Words(OptionsOf(command)), " valued=", Words(ValuedOptionsOf(command)), " ;;\n");
  }
  absl::StrAppend(&script, "  esac\n}\n\n_flydctl_values() {\n  case $1 in\n");
  for (const auto& [key, values] : ValuesByKey(commands)) {
    absl::StrAppend(&script, "  '", key, "') values=", Words(values), " ;;\n");
  }
  return absl::StrCat(script, "  *) values= ;;\n  esac\n}\n", kWalk);
}

}  // namespace tools
