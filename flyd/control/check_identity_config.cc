#include "flyd/control/check_identity_config.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "tokensvc/names.h"

namespace flyd {
namespace {

namespace pb = fly::machines::v1;

constexpr uint32_t kWidestSocket = 0666;
// Readable by all at most: who may write a token file could feed another's token to its readers.
constexpr uint32_t kWidestFile = 0644;
// Beside those of the clouds: one refresh of all stays within the burst of thirty tokens that a machine has.
constexpr int kMaxFiles = 16;
constexpr size_t kMaxFileName = 64;
constexpr size_t kMaxOwner = 64;
// Not for tokens: the socket, and what init writes beside Google's token.
constexpr absl::string_view kReservedNames[] = {"api", "google_credentials.json"};

absl::Status Bad(absl::string_view field, absl::string_view found, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat("config.identity.", field, ": ", found, ", want ", want));
}

absl::Status CheckMode(absl::string_view field, uint32_t mode, uint32_t widest) {
  if ((mode & ~widest) == 0) return absl::OkStatus();
  return Bad(field, absl::StrFormat("%#o", mode), absl::StrFormat("at most %#o", widest));
}

bool IsFileName(absl::string_view name) {
  if (name.empty() || name.size() > kMaxFileName || !absl::ascii_isalnum(name[0])) return false;
  for (const char c : name) {
    if (!absl::ascii_isalnum(c) && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

absl::Status CheckPath(absl::string_view path) {
  absl::string_view name = path;
  if (!absl::ConsumePrefix(&name, "/.fly/") || !IsFileName(name)) {
    return Bad("files.path", absl::StrCat("\"", absl::string_view(path).substr(0, 80), "\""),
               "/.fly/NAME, NAME [A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  }
  for (const absl::string_view reserved : kReservedNames) {
    if (name == reserved) return Bad("files.path", path, "another name: this one is init's");
  }
  return absl::OkStatus();
}

absl::Status CheckFile(const pb::TokenFile& file) {
  if (absl::Status path = CheckPath(file.path()); !path.ok()) return path;
  if (!file.audience().empty() && !tokensvc::IsAudience(file.audience())) {
    return Bad("files.audience", absl::StrCat(file.audience().size(), " bytes"),
               "at most 255 bytes of UTF-8 without control characters");
  }
  if (absl::Status mode = CheckMode("files.mode", file.mode(), kWidestFile); !mode.ok()) return mode;
  if (file.owner().size() > kMaxOwner || file.owner().find('\0') != std::string::npos) {
    return Bad("files.owner", absl::StrCat(file.owner().size(), " bytes"), "user or user:group, at most 64 bytes");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckIdentityConfig(const pb::IdentityConfig& identity) {
  if (absl::Status mode = CheckMode("socket_mode", identity.socket_mode(), kWidestSocket); !mode.ok()) return mode;
  if (identity.files_size() > kMaxFiles) {
    return Bad("files", absl::StrCat(identity.files_size()), absl::StrCat("at most ", kMaxFiles));
  }
  std::set<absl::string_view> paths;
  for (const pb::TokenFile& file : identity.files()) {
    if (absl::Status status = CheckFile(file); !status.ok()) return status;
    if (!paths.insert(file.path()).second) return Bad("files.path", absl::StrCat(file.path(), " twice"), "each once");
  }
  return absl::OkStatus();
}

}  // namespace flyd
