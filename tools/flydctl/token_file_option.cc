#include "tools/flydctl/token_file_option.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tools {
namespace {

constexpr absl::string_view kMode = "mode=";
constexpr absl::string_view kOwner = "owner=";

absl::Status Bad(absl::string_view option, absl::string_view found, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat("--token-file ", option, ": ", found, ", want ", want));
}

// 1 to 5 octal digits; what is too wide is refused by flyd.
bool ParseOctal(absl::string_view digits, uint32_t& mode) {
  if (digits.empty() || digits.size() > 5 || digits.find_first_not_of("01234567") != digits.npos) return false;
  mode = 0;
  for (const char digit : digits) mode = mode * 8 + static_cast<uint32_t>(digit - '0');
  return true;
}

}  // namespace

absl::StatusOr<fly::machines::v1::TokenFile> ParseTokenFileOption(absl::string_view option) {
  fly::machines::v1::TokenFile file;
  const size_t equals = option.find('=');
  file.set_path(std::string(option.substr(0, equals)));
  if (file.path().empty()) return Bad(option, "no path", "PATH=AUDIENCE[,mode=OCTAL][,owner=USER[:GROUP]]");
  absl::string_view rest = equals == option.npos ? "" : option.substr(equals + 1);
  for (size_t comma; (comma = rest.rfind(',')) != rest.npos;) {
    const absl::string_view setting = rest.substr(comma + 1);
    uint32_t mode = 0;
    if (absl::StartsWith(setting, kMode)) {
      if (!ParseOctal(setting.substr(kMode.size()), mode)) return Bad(option, setting, "mode=OCTAL such as mode=0640");
      file.set_mode(mode);
    } else if (absl::StartsWith(setting, kOwner)) {
      file.set_owner(std::string(setting.substr(kOwner.size())));
    } else {
      break;  // a comma of the audience
    }
    rest = rest.substr(0, comma);
  }
  file.set_audience(std::string(rest));
  return file;
}

}  // namespace tools
