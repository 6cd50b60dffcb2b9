#include "flyd/images/image_links.h"

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace flyd {
namespace {

// As many as the kernel follows.
constexpr int kMaxLinks = 40;
constexpr size_t kMaxQuoted = 100;

absl::Status Outside(absl::string_view link, absl::string_view target) {
  return absl::FailedPreconditionError(
      absl::StrCat("leads through the link ", absl::CHexEscape(link.substr(0, kMaxQuoted)), " to ",
                   absl::CHexEscape(target.substr(0, kMaxQuoted)), ", want a way that stays inside"));
}

}  // namespace

absl::StatusOr<std::string> ImageLinks::Resolve(absl::string_view path) const {
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) return std::string(path);
  std::deque<std::string> left = absl::StrSplit(path.substr(0, slash), '/');
  std::vector<std::string> way;  // resolved so far
  int followed = 0;
  while (!left.empty()) {
    const std::string name = left.front();
    left.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      if (way.empty()) return Outside(path, "above the root");
      way.pop_back();
      continue;
    }
    way.push_back(name);
    const std::string here = absl::StrJoin(way, "/");
    const auto link = targets_.find(here);
    if (link == targets_.end()) continue;
    const std::string& target = link->second;
    way.pop_back();
    if (absl::StartsWith(target, "/") || ++followed > kMaxLinks) return Outside(here, target);
    const std::vector<std::string> steps = absl::StrSplit(target, '/');
    left.insert(left.begin(), steps.begin(), steps.end());
  }
  way.emplace_back(path.substr(slash + 1));
  return absl::StrJoin(way, "/");
}

void ImageLinks::PutLink(const std::string& resolved, const std::string& target) {
  Remove(resolved);
  targets_[resolved] = target;
  bytes_ += resolved.size() + target.size();
}

void ImageLinks::PutFolder(const std::string& resolved) {
  const auto link = targets_.find(resolved);
  if (link == targets_.end()) return;
  bytes_ -= link->first.size() + link->second.size();
  targets_.erase(link);
}

void ImageLinks::PutFile(const std::string& resolved) { Remove(resolved); }

void ImageLinks::Remove(const std::string& resolved) {
  PutFolder(resolved);
  RemoveBelow(resolved);
}

void ImageLinks::RemoveBelow(const std::string& resolved) {
  const std::string prefix = resolved.empty() ? "" : resolved + "/";
  for (auto link = targets_.lower_bound(prefix); link != targets_.end() && absl::StartsWith(link->first, prefix);) {
    bytes_ -= link->first.size() + link->second.size();
    link = targets_.erase(link);
  }
}

}  // namespace flyd
