#include "flyd/init/workload/workload_environment.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flyd {
namespace {

constexpr size_t kMinSessionName = 2;
constexpr size_t kMaxSessionName = 64;

bool IsSessionNameCharacter(char c) { return absl::ascii_isalnum(c) || absl::string_view("_+=,.@-").find(c) != absl::string_view::npos; }

}  // namespace

std::string AwsSessionName(absl::string_view app, absl::string_view machine_id) {
  const std::string suffix = absl::StrCat("@", machine_id.substr(0, kMaxSessionName - 1));
  std::string name = absl::StrCat(app.substr(0, kMaxSessionName - suffix.size()), suffix);
  for (char& c : name) {
    if (!IsSessionNameCharacter(c)) c = '-';
  }
  while (name.size() < kMinSessionName) name.push_back('-');
  return name;
}

bool WantsAwsToken(const Environment& user) {
  const auto role = user.find("AWS_ROLE_ARN");
  if (role == user.end() || role->second.empty()) return false;
  const auto file = user.find("AWS_WEB_IDENTITY_TOKEN_FILE");
  return file == user.end() || file->second == kAwsTokenFile;
}

Environment BuildEnvironment(const MachineFacts& machine, const Environment& user, const std::string& home) {
  Environment all = user;
  // emplace keeps what is there: the user's own settings win.
  all.emplace("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  all.emplace("HOME", home);
  if (WantsAwsToken(user)) {
    all.emplace("AWS_WEB_IDENTITY_TOKEN_FILE", kAwsTokenFile);
    all.emplace("AWS_ROLE_SESSION_NAME", AwsSessionName(machine.app, machine.id));
  }
  all["FLY_APP_NAME"] = machine.app;
  all["FLY_MACHINE_ID"] = machine.id;
  all["FLY_ALLOC_ID"] = machine.id;
  all["FLY_REGION"] = machine.region;
  all["FLY_IMAGE_REF"] = machine.image;
  all["FLY_MACHINE_VERSION"] = machine.version;
  return all;
}

}  // namespace flyd
