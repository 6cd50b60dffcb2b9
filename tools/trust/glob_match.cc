#include "tools/trust/glob_match.h"

namespace tools {

bool MatchesGlob(absl::string_view pattern, absl::string_view text, GlobSyntax syntax) {
  if (syntax == GlobSyntax::kNone) return pattern == text;
  size_t p = 0, t = 0;
  // Where the last star stood, and up to where it reached: a mismatch lets it reach one character further.
  size_t star = pattern.npos, reached = 0;
  while (t < text.size()) {
    const char c = p < pattern.size() ? pattern[p] : '\0';
    if (p < pattern.size() && c == '*') {
      star = p++;
      reached = t;
    } else if (p < pattern.size() && (c == text[t] || (c == '?' && syntax == GlobSyntax::kStarAndQuestion))) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++reached;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

size_t FirstWildcard(absl::string_view pattern, GlobSyntax syntax) {
  switch (syntax) {
    case GlobSyntax::kNone: return pattern.npos;
    case GlobSyntax::kStar: return pattern.find('*');
    case GlobSyntax::kStarAndQuestion: return pattern.find_first_of("*?");
  }
  return pattern.npos;
}

}  // namespace tools
