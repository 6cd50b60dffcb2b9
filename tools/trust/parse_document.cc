#include "tools/trust/parse_document.h"

#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tools {

using nlohmann::json;

absl::StatusOr<json> ParseDocument(absl::string_view text) {
  std::vector<std::set<std::string>> names;  // of each object that is open
  std::string twice;
  const json::parser_callback_t note = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second && twice.empty()) {
      twice = parsed.get<std::string>();
    }
    return true;
  };
  json document = json::parse(text.begin(), text.end(), note, /*allow_exceptions=*/false);
  if (!document.is_object()) return absl::InvalidArgumentError("policy: not JSON, want an object");
  if (!twice.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("policy: member ", twice, " twice in one object, want it once"));
  }
  return document;
}

absl::StatusOr<std::vector<std::string>> StringOrStrings(absl::string_view where, const json& value) {
  if (value.is_string()) return std::vector<std::string>{value.get<std::string>()};
  std::vector<std::string> all;
  bool fits = value.is_array();
  for (const json& each : value) {
    fits = fits && each.is_string();
    if (fits) all.push_back(each.get<std::string>());
  }
  if (fits) return all;
  return absl::InvalidArgumentError(absl::StrCat(where, ": ", value.type_name(), ", want a string or an array of strings"));
}

absl::StatusOr<std::vector<std::string>> MemberStrings(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || member->is_null()) return std::vector<std::string>();
  return StringOrStrings(name, *member);
}

absl::StatusOr<std::string> MemberString(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || member->is_null()) return std::string();
  if (member->is_string()) return member->get<std::string>();
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", member->type_name(), ", want a string"));
}

}  // namespace tools
