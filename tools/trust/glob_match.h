#ifndef TOOLS_TRUST_GLOB_MATCH_H_
#define TOOLS_TRUST_GLOB_MATCH_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace tools {

// Which characters of a pattern stand for others.
enum class GlobSyntax {
  kNone,             // equality
  kStar,             // `*`: any number of characters, none included (Vault's bound_claims_type "glob")
  kStarAndQuestion,  // and `?`: exactly one (AWS StringLike)
};

// Whether `pattern` stands for the whole of `text`. Case matters, `:` and `/` are characters like any other, nothing is
// escaped, and `?` is one byte (names are ASCII). Takes at most |pattern| * |text| steps.
bool MatchesGlob(absl::string_view pattern, absl::string_view text, GlobSyntax syntax);

// Place of the first character that stands for others; npos if there is none.
size_t FirstWildcard(absl::string_view pattern, GlobSyntax syntax);

}  // namespace tools

#endif  // TOOLS_TRUST_GLOB_MATCH_H_
