#include "flyd/images/oci_config.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flyd/images/image_limits.h"
#include "flyd/images/sha256_stream.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxQuoted = 100;

#if defined(__x86_64__)
constexpr absl::string_view kArchitecture = "amd64";
#elif defined(__aarch64__)
constexpr absl::string_view kArchitecture = "arm64";
#endif

absl::Status Wrong(absl::string_view subject, absl::string_view found, absl::string_view want) {
  return absl::FailedPreconditionError(
      absl::StrCat("image config: ", subject, ": ", absl::CHexEscape(found.substr(0, kMaxQuoted)), ", want ", want));
}

const Json& Member(const Json& json, const char* name) {
  static const Json kNull;
  if (!json.is_object()) return kNull;
  const auto found = json.find(name);
  return found != json.end() ? *found : kNull;
}

bool IsPlain(const Json& json) {
  return json.is_string() && json.get_ref<const std::string&>().find('\0') == std::string::npos;
}

absl::StatusOr<std::string> ReadText(const Json& json, const char* name) {
  const Json& member = Member(json, name);
  if (member.is_null()) return std::string();
  if (!IsPlain(member) || member.get_ref<const std::string&>().size() > kMaxImagePath) {
    return Wrong(name, "of another kind", absl::StrCat("a string of at most ", kMaxImagePath, " bytes"));
  }
  return member.get<std::string>();
}

// A list of strings; null is an empty one.
absl::StatusOr<std::vector<std::string>> ReadWords(const Json& json, const char* name) {
  std::vector<std::string> words;
  const Json& member = Member(json, name);
  if (member.is_null()) return words;
  if (!member.is_array() || member.size() > kMaxImageWords) {
    return Wrong(name, "of another kind", absl::StrCat("a list of at most ", kMaxImageWords, " strings"));
  }
  size_t bytes = 0;
  for (const Json& word : member) {
    if (!IsPlain(word)) return Wrong(name, "a word of another kind", "strings without NUL");
    words.push_back(word.get<std::string>());
    bytes += words.back().size();
  }
  if (bytes > kMaxImageWordBytes) {
    return Wrong(name, absl::StrCat(bytes, " bytes"), absl::StrCat("at most ", kMaxImageWordBytes));
  }
  return words;
}

absl::StatusOr<std::map<std::string, std::string>> ReadEnvironment(const Json& json) {
  absl::StatusOr<std::vector<std::string>> words = ReadWords(json, "Env");
  if (!words.ok()) return words.status();
  std::map<std::string, std::string> environment;
  for (const std::string& word : *words) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) return Wrong("Env", word, "NAME=VALUE");
    environment[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return environment;
}

absl::StatusOr<ImageDefaults> ReadDefaults(const Json& config) {
  absl::StatusOr<std::vector<std::string>> command = ReadWords(config, "Entrypoint");
  if (!command.ok()) return command.status();
  absl::StatusOr<std::vector<std::string>> arguments = ReadWords(config, "Cmd");
  if (!arguments.ok()) return arguments.status();
  command->insert(command->end(), arguments->begin(), arguments->end());
  absl::StatusOr<std::map<std::string, std::string>> environment = ReadEnvironment(config);
  if (!environment.ok()) return environment.status();
  absl::StatusOr<std::string> user = ReadText(config, "User");
  if (!user.ok()) return user.status();
  absl::StatusOr<std::string> working_dir = ReadText(config, "WorkingDir");
  if (!working_dir.ok()) return working_dir.status();
  if (!working_dir->empty() && !absl::StartsWith(*working_dir, "/")) {
    return Wrong("WorkingDir", *working_dir, "an absolute path");
  }
  return ImageDefaults{.command = *std::move(command),
                       .environment = *std::move(environment),
                       .user = *std::move(user),
                       .working_dir = *std::move(working_dir)};
}

absl::Status CheckPlatform(const Json& json) {
  const std::pair<const char*, absl::string_view> wanted[] = {{"os", "linux"}, {"architecture", kArchitecture}};
  for (const auto& [name, want] : wanted) {
    absl::StatusOr<std::string> found = ReadText(json, name);
    if (!found.ok()) return found.status();
    if (*found != want) return Wrong(name, *found, want);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReadDiffIds(const Json& json, size_t layers) {
  const Json& rootfs = Member(json, "rootfs");
  if (Member(rootfs, "type") != "layers") return Wrong("rootfs.type", "another", "layers");
  absl::StatusOr<std::vector<std::string>> ids = ReadWords(rootfs, "diff_ids");
  if (!ids.ok()) return ids.status();
  if (ids->size() != layers) {
    return Wrong("rootfs.diff_ids", absl::StrCat(ids->size()), absl::StrCat(layers, ", as the manifest has layers"));
  }
  for (const std::string& id : *ids) {
    if (!IsDigest(id)) return Wrong("rootfs.diff_ids", id, "sha256: and 64 hex digits");
  }
  return ids;
}

}  // namespace

absl::StatusOr<OciConfig> ParseOciConfig(absl::string_view text, size_t layers) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Wrong("form", "not JSON", "an object");
  if (absl::Status platform = CheckPlatform(json); !platform.ok()) return platform;
  absl::StatusOr<std::vector<std::string>> diff_ids = ReadDiffIds(json, layers);
  if (!diff_ids.ok()) return diff_ids.status();
  absl::StatusOr<ImageDefaults> defaults = ReadDefaults(Member(json, "config"));
  if (!defaults.ok()) return defaults.status();
  return OciConfig{.defaults = *std::move(defaults), .diff_ids = *std::move(diff_ids)};
}

}  // namespace flyd
