#include "tools/flydctl/session.h"

#include "absl/strings/str_cat.h"

namespace tools {

absl::StatusOr<std::pair<std::string, std::string>> SplitApp(absl::string_view text) {
  const size_t slash = text.find('/');
  if (slash == text.npos || slash == 0 || slash + 1 == text.size() || text.find('/', slash + 1) != text.npos) {
    return absl::InvalidArgumentError(absl::StrCat("app: \"", text, "\", want ORGANIZATION/APP"));
  }
  return std::make_pair(std::string(text.substr(0, slash)), std::string(text.substr(slash + 1)));
}

}  // namespace tools
