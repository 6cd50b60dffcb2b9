#include "flyd/init/workload/workload_user.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace flyd {
namespace {

using Fields = std::vector<absl::string_view>;
constexpr uint32_t kMaxId = 65535;

// The line of a passwd or group file whose field `column` is `value`.
std::optional<Fields> FindLine(absl::string_view file, size_t column, absl::string_view value, size_t want_fields) {
  for (const absl::string_view line : absl::StrSplit(file, '\n')) {
    Fields fields = absl::StrSplit(line, ':');
    if (fields.size() >= want_fields && fields[column] == value) return fields;
  }
  return std::nullopt;
}

absl::StatusOr<uint32_t> Number(absl::string_view text, absl::string_view subject) {
  uint32_t id = 0;
  if (!absl::SimpleAtoi(text, &id) || id > kMaxId) {
    return absl::InvalidArgumentError(absl::StrCat(subject, ": ", text, ", want an id up to ", kMaxId));
  }
  return id;
}

bool IsNumber(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos;
}

std::vector<gid_t> GroupsOf(absl::string_view name, absl::string_view group_file) {
  std::vector<gid_t> groups;
  for (const absl::string_view line : absl::StrSplit(group_file, '\n')) {
    const Fields fields = absl::StrSplit(line, ':');
    uint32_t gid = 0;
    if (fields.size() < 4 || !absl::SimpleAtoi(fields[2], &gid) || gid > kMaxId) continue;
    const Fields members = absl::StrSplit(fields[3], ',');
    if (std::find(members.begin(), members.end(), name) != members.end()) groups.push_back(gid);
  }
  return groups;
}

absl::StatusOr<WorkloadUser> ReadUser(absl::string_view name, absl::string_view passwd, absl::string_view group) {
  const bool numeric = IsNumber(name);
  const std::optional<Fields> line = FindLine(passwd, numeric ? 2 : 0, name, 7);
  WorkloadUser user;
  if (!line.has_value()) {
    if (!numeric) return absl::NotFoundError(absl::StrCat("user: ", name, ", want a name of the machine's /etc/passwd"));
    absl::StatusOr<uint32_t> id = Number(name, "user");
    if (!id.ok()) return id.status();
    user.uid = *id;
    user.gid = *id;
    return user;
  }
  absl::StatusOr<uint32_t> uid = Number((*line)[2], "user");
  if (!uid.ok()) return uid.status();
  absl::StatusOr<uint32_t> gid = Number((*line)[3], "group");
  if (!gid.ok()) return gid.status();
  user.uid = *uid;
  user.gid = *gid;
  user.groups = GroupsOf((*line)[0], group);
  user.home = std::string((*line)[5]);
  return user;
}

}  // namespace

absl::StatusOr<WorkloadUser> ResolveUser(absl::string_view spec, absl::string_view passwd, absl::string_view group,
                                         bool one_id) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(spec, absl::MaxSplits(':', 1));
  absl::StatusOr<WorkloadUser> user = ReadUser(parts.first.empty() ? "0" : parts.first, passwd, group);
  if (!user.ok()) return user.status();
  if (!parts.second.empty()) {
    absl::string_view gid_text = parts.second;
    if (!IsNumber(gid_text)) {
      const std::optional<Fields> line = FindLine(group, 0, gid_text, 3);
      if (!line.has_value()) {
        return absl::NotFoundError(absl::StrCat("group: ", gid_text, ", want a name of the machine's /etc/group"));
      }
      gid_text = (*line)[2];
    }
    absl::StatusOr<uint32_t> gid = Number(gid_text, "group");
    if (!gid.ok()) return gid.status();
    user->gid = *gid;
    user->groups.clear();
  }
  if (one_id && (user->uid != 0 || user->gid != 0)) {
    return absl::FailedPreconditionError(absl::StrCat("user: ", spec, ", want root: a rootless machine has one id"));
  }
  return user;
}

}  // namespace flyd
