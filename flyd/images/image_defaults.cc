#include "flyd/images/image_defaults.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

using Json = nlohmann::json;

absl::Status Wrong(absl::string_view field, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat("image defaults: ", field, ": of another kind, want ", want));
}

absl::Status ReadText(const Json& json, const char* name, std::string& out) {
  const auto found = json.find(name);
  if (found == json.end()) return absl::OkStatus();
  if (!found->is_string()) return Wrong(name, "a string");
  out = found->get<std::string>();
  return absl::OkStatus();
}

absl::Status ReadCommand(const Json& json, std::vector<std::string>& out) {
  const auto found = json.find("command");
  if (found == json.end()) return absl::OkStatus();
  if (!found->is_array()) return Wrong("command", "a list of strings");
  for (const Json& word : *found) {
    if (!word.is_string()) return Wrong("command", "a list of strings");
    out.push_back(word.get<std::string>());
  }
  return absl::OkStatus();
}

absl::Status ReadEnvironment(const Json& json, std::map<std::string, std::string>& out) {
  const auto found = json.find("env");
  if (found == json.end()) return absl::OkStatus();
  if (!found->is_object()) return Wrong("env", "an object of strings");
  for (const auto& [name, value] : found->items()) {
    if (!value.is_string()) return Wrong("env", "an object of strings");
    out[name] = value.get<std::string>();
  }
  return absl::OkStatus();
}

}  // namespace

std::string EncodeImageDefaults(const ImageDefaults& defaults) {
  const Json json = {{"command", defaults.command},
                     {"env", defaults.environment},
                     {"user", defaults.user},
                     {"working_dir", defaults.working_dir}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<ImageDefaults> DecodeImageDefaults(absl::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("image defaults: not JSON, want an object");
  ImageDefaults defaults;
  if (absl::Status read = ReadCommand(json, defaults.command); !read.ok()) return read;
  if (absl::Status read = ReadEnvironment(json, defaults.environment); !read.ok()) return read;
  if (absl::Status read = ReadText(json, "user", defaults.user); !read.ok()) return read;
  if (absl::Status read = ReadText(json, "working_dir", defaults.working_dir); !read.ok()) return read;
  return defaults;
}

}  // namespace flyd
