#include "flyd/guest/identity_headers.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace flyd {

bool ClaimsIdentity(absl::string_view header_name) {
  return absl::StartsWithIgnoreCase(header_name, "fly-") || absl::StartsWithIgnoreCase(header_name, "x-fly-") ||
         absl::StrContains(absl::AsciiStrToLower(header_name), "machine");
}

}  // namespace flyd
