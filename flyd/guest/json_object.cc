#include "flyd/guest/json_object.h"

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

using nlohmann::json;

absl::Status Bad(absl::string_view found, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat("body: ", found, ", want ", want));
}

}  // namespace

absl::StatusOr<json> ParseJsonObject(absl::string_view body) {
  // nlohmann takes a NUL for the end of its input, and skips a byte order mark.
  const bool plain = body.find('\0') == body.npos && !absl::StartsWith(body, "\xef\xbb\xbf");
  bool duplicate = false;
  std::set<std::string> keys;
  // nlohmann keeps the last of two members with one name.
  const auto watch = [&](int level, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::key && level == 1) duplicate |= !keys.insert(parsed.get<std::string>()).second;
    return level <= 2;
  };
  json object = plain ? json::parse(body, watch, /*allow_exceptions=*/false) : json();
  if (!object.is_object()) return Bad("not a JSON object", "one, or nothing");
  if (duplicate) return Bad("a member twice", "each once");
  return object;
}

}  // namespace flyd
