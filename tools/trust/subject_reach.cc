#include "tools/trust/subject_reach.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tools {
namespace {

constexpr int kMaxWildcardsTried = 4;

std::vector<std::string> Segments(absl::string_view subject) { return absl::StrSplit(subject, ':'); }

bool NoneEmpty(const std::vector<std::string>& segments) {
  return std::none_of(segments.begin(), segments.end(), [](const std::string& s) { return s.empty(); });
}

// What a wildcard may stand for so that the whole becomes a subject: after a colon a name, else the rest of one.
std::vector<std::string> Fillings(absl::string_view before, char wildcard) {
  if (wildcard == '?') return {"2"};
  if (before.empty() || before.back() != ':') return {"2:m1", "2", ""};
  return {"other:m1", "other", "m1"};
}

// The first text of the form A:B:C that `pattern` gives and whose app is not `app`; empty if none was found.
std::string Surprise(absl::string_view made, absl::string_view pattern, absl::string_view app, GlobSyntax syntax,
                     int wildcards) {
  const size_t at = FirstWildcard(pattern, syntax);
  if (at == pattern.npos) {
    const std::string whole = absl::StrCat(made, pattern);
    const std::vector<std::string> segments = Segments(whole);
    return segments.size() == 3 && NoneEmpty(segments) && segments[1] != app ? whole : "";
  }
  if (wildcards == kMaxWildcardsTried) return "";
  const std::string before = absl::StrCat(made, pattern.substr(0, at));
  for (const std::string& filling : Fillings(before, pattern[at])) {
    std::string found = Surprise(absl::StrCat(before, filling), pattern.substr(at + 1), app, syntax, wildcards + 1);
    if (!found.empty()) return found;
  }
  return "";
}

Reach ReachOfText(const std::vector<std::string>& segments) {
  if (!NoneEmpty(segments)) return Reach::kNobody;
  if (segments.size() == 2) return Reach::kApp;
  return segments.size() == 3 ? Reach::kMachine : Reach::kNobody;
}

}  // namespace

SubjectReach ReachOf(absl::string_view pattern, GlobSyntax syntax) {
  const size_t at = FirstWildcard(pattern, syntax);
  // Complete names before the first wildcard, and the beginning of the next.
  const std::vector<std::string> head = Segments(pattern.substr(0, at));
  if (at == pattern.npos) return {ReachOfText(head), head[0], ""};
  if (head.size() == 1) return {Reach::kOpenOrganization, "", ""};
  if (!NoneEmpty({head.begin(), head.end() - 1}) || head.size() > 3) return {Reach::kNobody, head[0], ""};
  const bool plain = head.back().empty() && pattern.substr(at) == "*";
  if (head.size() == 3) return {plain ? Reach::kApp : Reach::kSomeMachines, head[0], ""};
  if (plain) return {Reach::kOrganization, head[0], ""};
  return {Reach::kOpenApp, head[0], Surprise("", pattern, head[1], syntax, 0)};
}

}  // namespace tools
