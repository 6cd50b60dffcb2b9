#include "flyd/init/gate/boot_answer.h"

#include <string.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

using Json = nlohmann::json;

absl::Status Wrong(absl::string_view field, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat("boot answer: ", field, ": absent or of another kind, want ", want));
}

const Json& Member(const Json& json, const char* name) {
  static const Json kNull;
  const auto found = json.is_object() ? json.find(name) : json.end();
  return json.is_object() && found != json.end() ? *found : kNull;
}

std::string Text(const Json& json, const char* name) {
  const Json& member = Member(json, name);
  return member.is_string() ? member.get<std::string>() : std::string();
}

bool Flag(const Json& json, const char* name) {
  const Json& member = Member(json, name);
  return member.is_boolean() && member.get<bool>();
}

uint64_t Number(const Json& json, const char* name) {
  const Json& member = Member(json, name);
  return member.is_number_unsigned() ? member.get<uint64_t>() : 0;
}

absl::Status ReadRun(const Json& run, BootAnswer& answer) {
  const Json& command = Member(run, "command");
  if (!command.is_array()) return Wrong("run.command", "a list of strings");
  for (const Json& word : command) {
    if (!word.is_string()) return Wrong("run.command", "strings");
    answer.command.push_back(word.get<std::string>());
  }
  const Json& environment = Member(run, "env");
  if (!environment.is_null() && !environment.is_object()) return Wrong("run.env", "an object");
  for (const auto& [name, value] : environment.items()) {
    if (!value.is_string() || name.empty() || name.find('=') != std::string::npos) {
      return Wrong(absl::StrCat("run.env.", name), "a string under a name without '='");
    }
    answer.environment[name] = value.get<std::string>();
  }
  answer.user = Text(run, "user");
  answer.working_dir = Text(run, "working_dir");
  return absl::OkStatus();
}

// Leaves `mode` as it is where there is none.
absl::Status ReadMode(const Json& json, const char* name, mode_t& mode) {
  const std::string text = Text(json, name);
  if (text.empty()) return absl::OkStatus();
  if (text.size() > 4 || text.find_first_not_of("01234567") != std::string::npos) {
    return Wrong(absl::StrCat("identity.", name), "an octal mode such as \"0600\"");
  }
  mode = static_cast<mode_t>(std::stoul(text, nullptr, 8)) & 0777;
  return absl::OkStatus();
}

absl::Status ReadFile(const Json& json, TokenFileSetting& file) {
  const std::string path = Text(json, "path");
  absl::string_view name = path;
  if (!absl::ConsumePrefix(&name, "/.fly/") || name.empty() || name[0] == '.' || name.find('/') != name.npos) {
    return Wrong("identity.files.path", "/.fly/NAME");
  }
  file.name = std::string(name);
  file.audience = Text(json, "audience");
  file.owner = Text(json, "owner");
  return ReadMode(json, "mode", file.mode);
}

absl::Status ReadIdentity(const Json& json, IdentitySettings& identity) {
  identity.required = Flag(json, "required");
  identity.aws_principal_tags = Flag(json, "aws_principal_tags");
  identity.aws_pin_role = Flag(json, "aws_pin_role");
  identity.google_metadata = Flag(json, "google_metadata");
  for (const Json& row : Member(json, "files")) {
    if (absl::Status read = ReadFile(row, identity.files.emplace_back()); !read.ok()) return read;
  }
  return ReadMode(json, "socket_mode", identity.socket_mode);
}

MachineFacts ReadMachine(const Json& machine) {
  return MachineFacts{.id = Text(machine, "id"),
                      .name = Text(machine, "name"),
                      .app = Text(machine, "app"),
                      .organization = Text(machine, "organization"),
                      .region = Text(machine, "region"),
                      .version = Text(machine, "version"),
                      .image = Text(machine, "image"),
                      .image_digest = Text(machine, "image_digest"),
                      .memory_mb = Number(machine, "memory_mb")};
}

}  // namespace

absl::StatusOr<BootAnswer> ParseBootAnswer(std::string& text) {
  absl::Cleanup wipe_text = [&text] { explicit_bzero(text.data(), text.size()); };
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("boot answer: not JSON, want an object");
  Json& macaroon = json["macaroon"];
  if (!macaroon.is_string() || macaroon.get_ref<const std::string&>().empty()) return Wrong("macaroon", "a string");
  std::string& plain = macaroon.get_ref<std::string&>();
  absl::StatusOr<LockedSecret> secret = LockedSecret::Create(plain);
  explicit_bzero(plain.data(), plain.size());
  if (!secret.ok()) return secret.status();

  BootAnswer answer;
  answer.macaroon = *std::move(secret);
  if (answer.macaroon.Reveal().find_first_of("\r\n") != absl::string_view::npos) return Wrong("macaroon", "one line");
  answer.boot_id = Text(json, "boot_id");
  answer.machine = ReadMachine(Member(json, "machine"));
  if (answer.machine.id.empty()) return Wrong("machine.id", "a string");
  if (absl::Status run = ReadRun(Member(json, "run"), answer); !run.ok()) return run;
  if (absl::Status identity = ReadIdentity(Member(json, "identity"), answer.identity); !identity.ok()) return identity;
  return answer;
}

}  // namespace flyd
