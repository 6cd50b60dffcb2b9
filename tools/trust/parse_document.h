#ifndef TOOLS_TRUST_PARSE_DOCUMENT_H_
#define TOOLS_TRUST_PARSE_DOCUMENT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace tools {

// A JSON object without comments. InvalidArgument: something else, or a member twice (clouds keep one of the two and say
// nothing, so a condition may be lost).
absl::StatusOr<nlohmann::json> ParseDocument(absl::string_view text);

// A string, or an array of strings; `where` begins the message. InvalidArgument: something else.
absl::StatusOr<std::vector<std::string>> StringOrStrings(absl::string_view where, const nlohmann::json& value);

// The member's strings; none where it is missing or null.
absl::StatusOr<std::vector<std::string>> MemberStrings(const nlohmann::json& object, const char* name);

// The member's text; empty where it is missing or null.
absl::StatusOr<std::string> MemberString(const nlohmann::json& object, const char* name);

}  // namespace tools

#endif  // TOOLS_TRUST_PARSE_DOCUMENT_H_
