#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "tools/flydctl/completion/completion_script.h"
#include "tools/flydctl/completion/completion_table.h"

namespace tools {
namespace {

constexpr char kWalk[] = R"(
function __flydctl_complete
    set -l at flydctl
    set -l place 1
    set -l option
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if test -n "$option"
            set option
        else if test "$word" = --
            __fish_complete_path (commandline -ct)
            return
        else if contains -- $word (__flydctl_valued $at)
            set option $word
        else if string match -q -- '-*' $word
            continue
        else if contains -- $word (__flydctl_subcommands $at | string split -f 1 \t)
            set at "$at $word"
        else
            set place (math $place + 1)
        end
    end
    set -l word (commandline -ct)
    set -l before ''
    if test -z "$option"; and string match -q -- '--*=*' $word
        set option (string split -m 1 -f 1 = -- $word)
        set before $option=
    end
    set -l values
    if test -n "$option"
        set values (__flydctl_values "$at $option")
    else if string match -q -- '-*' $word
        __flydctl_options $at
        return
    else if set values (__flydctl_subcommands $at)
        printf '%s\n' $values
        return
    else
        set values (__flydctl_values "$at $place")
    end
    if test -n "$values"
        printf '%s\n' $before$values
    else
        __fish_complete_path (string replace -- "$before" '' $word)
    end
end

complete -c flydctl -f -a '(__flydctl_complete)'
)";

std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

// A case that prints each candidate in a line of its own, its help behind a tab.
std::string Case(const std::string& key, const std::vector<Candidate>& candidates) {
  if (candidates.empty()) return "";
  std::string line = absl::StrCat("        case ", Quoted(key), "\n            printf '%s\\n'");
  for (const Candidate& candidate : candidates) {
    absl::StrAppend(&line, " ", Quoted(absl::StrCat(candidate.word, candidate.help.empty() ? "" : "\t", candidate.help)));
  }
  return line + "\n";
}

// A function of a key that prints what belongs to it, and fails where nothing does.
std::string Table(absl::string_view name, absl::string_view cases) {
  return absl::StrCat("function ", name, "\n    switch $argv[1]\n", cases,
                      "        case '*'\n            return 1\n    end\nend\n\n");
}

}  // namespace

std::string FishCompletion(const std::vector<Command>& commands) {
  std::string subcommands, options, valued, values;
  for (const Command& command : commands) {
    subcommands += Case(command.path, SubcommandsOf(command));
    options += Case(command.path, OptionsOf(command));
    valued += Case(command.path, ValuedOptionsOf(command));
  }
  for (const auto& [key, candidates] : ValuesByKey(commands)) values += Case(key, candidates);
  return absl::StrCat("# Completion of flydctl for fish:  flydctl completion fish | source\n",
                      Table("__flydctl_subcommands", subcommands), Table("__flydctl_options", options),
                      Table("__flydctl_valued", valued), Table("__flydctl_values", values), &kWalk[1]);
}

}  // namespace tools
