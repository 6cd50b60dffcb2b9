#include "flyd/init/guest/parse_guest_address.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace flyd {

absl::StatusOr<GuestPlace> ParseGuestAddress(absl::string_view text) {
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:") && !rest.empty() && rest[0] == '/') return GuestPlace{.folder = std::string(rest)};
  rest = text;
  GuestPlace place;
  if (absl::ConsumePrefix(&rest, "vsock:")) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(rest, absl::MaxSplits(':', 1));
    if (absl::SimpleAtoi(parts.first, &place.cid) && absl::SimpleAtoi(parts.second, &place.port) && place.port != 0) {
      return place;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("address: ", text, ", want unix:/FOLDER or vsock:CID:PORT"));
}

}  // namespace flyd
