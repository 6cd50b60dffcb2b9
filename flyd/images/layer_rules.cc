#include "flyd/images/layer_rules.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace flyd {
namespace {

using Kind = TarEntry::Kind;

constexpr uint32_t kPlainMode = 01777;
constexpr size_t kMaxQuoted = 100;
// OCI image specification, "Whiteouts".
constexpr absl::string_view kWhiteout = ".wh.";
constexpr absl::string_view kOpaque = ".wh..wh..opq";
constexpr absl::string_view kDropped[] = {"security.capability", "security.selinux"};
constexpr absl::string_view kAccessLists[] = {"system.posix_acl_access", "system.posix_acl_default"};
// The overlay's own marks, and those of tools that unpack without privileges.
constexpr absl::string_view kMarks[] = {"user.overlay.", "user.rootlesscontainers", "user.containers.",
                                        "user.fuseoverlayfs."};

absl::Status Wrong(absl::string_view found, absl::string_view want) {
  return absl::FailedPreconditionError(absl::StrCat(found, ", want ", want));
}

absl::string_view LastName(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? path : path.substr(slash + 1);
}

// "./a//b/" becomes "a/b".
absl::StatusOr<std::string> PlainPath(absl::string_view path, absl::string_view what) {
  if (path.empty()) return Wrong(absl::StrCat(what, " is empty"), "one");
  if (path.size() > kMaxImagePath) {
    return Wrong(absl::StrCat(what, " of ", path.size(), " bytes"), absl::StrCat("at most ", kMaxImagePath));
  }
  if (path.find('\0') != absl::string_view::npos) return Wrong(absl::StrCat(what, " with a NUL"), "none");
  if (path[0] == '/') return Wrong(absl::StrCat(what, " is absolute"), "a relative one");
  std::vector<absl::string_view> names;
  for (const absl::string_view name : absl::StrSplit(path, '/')) {
    if (name.empty() || name == ".") continue;
    if (name == "..") return Wrong(absl::StrCat(what, " with .."), "one that only goes down");
    if (name.size() > kMaxImageName) {
      return Wrong(absl::StrCat("a name of ", name.size(), " bytes"), absl::StrCat("at most ", kMaxImageName));
    }
    names.push_back(name);
  }
  return absl::StrJoin(names, "/");
}

// A whiteout is a file's last name; as anything else it would be one layer's content and another's order.
absl::Status CheckNoWhiteout(absl::string_view path) {
  for (const absl::string_view name : absl::StrSplit(path, '/')) {
    if (absl::StartsWith(name, kWhiteout)) return Wrong("a whiteout where none can be", "an empty file of that name");
  }
  return absl::OkStatus();
}

absl::Status CheckXattrs(TarEntry& entry) {
  for (const absl::string_view name : kDropped) entry.xattrs.erase(std::string(name));
  for (const auto& [name, value] : entry.xattrs) {
    bool taken = absl::StartsWith(name, "user.");
    for (const absl::string_view mark : kMarks) taken = taken && !absl::StartsWith(name, mark);
    for (const absl::string_view list : kAccessLists) taken = taken || name == list;
    if (taken) continue;
    return Wrong(absl::StrCat("attribute ", absl::CHexEscape(name.substr(0, kMaxQuoted))),
                 "one of user.*, and none that an overlay reads");
  }
  return absl::OkStatus();
}

absl::Status CheckIds(const TarEntry& entry) {
  if (entry.uid <= kMaxImageId && entry.gid <= kMaxImageId) return absl::OkStatus();
  return Wrong(absl::StrCat("owner ", entry.uid, ":", entry.gid), absl::StrCat("ids up to ", kMaxImageId));
}

absl::Status CheckTarget(TarEntry& entry) {
  if (entry.kind == Kind::kHardLink) {
    absl::StatusOr<std::string> target = PlainPath(entry.target, "link target");
    if (!target.ok()) return target.status();
    entry.target = *std::move(target);
    return CheckNoWhiteout(entry.target);
  }
  if (entry.kind != Kind::kSymlink) return absl::OkStatus();
  const size_t size = entry.target.size();
  if (size == 0 || size > kMaxImagePath || entry.target.find('\0') != std::string::npos) {
    return Wrong(absl::StrCat("link target of ", size, " bytes"), absl::StrCat("1 to ", kMaxImagePath, " without NUL"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status LayerRules::CountEntry() {
  if (++entries_ <= limits_.entries) return absl::OkStatus();
  return Wrong(absl::StrCat("entry ", entries_, " of the image"), absl::StrCat("at most ", limits_.entries));
}

absl::Status LayerRules::CountContent(uint64_t size) {
  const uint64_t left = limits_.unpacked_bytes - content_bytes_;
  if (size > left) {
    return Wrong(absl::StrCat(size, " bytes"),
                 absl::StrCat("at most ", left, ": the image has ", limits_.unpacked_bytes, " in all"));
  }
  content_bytes_ += size;
  return absl::OkStatus();
}

// Counts the folders of a path that are not there yet: it makes them.
absl::Status LayerRules::CountFolders(absl::string_view resolved) {
  const size_t depth = static_cast<size_t>(std::count(resolved.begin(), resolved.end(), '/')) + 1;
  if (depth > kMaxImageDepth) return Wrong(absl::StrCat(depth, " folders deep"), absl::StrCat("at most ", kMaxImageDepth));
  for (size_t slash = resolved.find('/'); slash != absl::string_view::npos; slash = resolved.find('/', slash + 1)) {
    if (!folders_.insert(absl::HashOf(resolved.substr(0, slash))).second) continue;
    if (absl::Status counted = CountEntry(); !counted.ok()) return counted;
  }
  return absl::OkStatus();
}

absl::Status LayerRules::CheckWhiteout(const TarEntry& entry, absl::string_view name) {
  if (entry.kind != Kind::kFile || entry.size != 0) {
    return Wrong("a whiteout that is more than an empty file", "an empty file");
  }
  if (name == kOpaque) return absl::OkStatus();
  const absl::string_view hidden = absl::StripPrefix(name, kWhiteout);
  if (hidden.empty() || hidden == "." || hidden == ".." || absl::StartsWith(hidden, kWhiteout)) {
    return Wrong("a whiteout of nothing in its folder", "the name of one thing there");
  }
  return absl::OkStatus();
}

// Follows what the entry does to the tree.
absl::Status LayerRules::Apply(const TarEntry& entry, const std::string& resolved) {
  const absl::string_view name = LastName(resolved);
  const std::string folder = resolved.substr(0, resolved.size() - name.size());
  if (absl::StartsWith(name, kWhiteout)) {
    if (name == kOpaque) {
      links_.RemoveBelow(std::string(absl::StripSuffix(folder, "/")));
    } else {
      links_.Remove(absl::StrCat(folder, absl::StripPrefix(name, kWhiteout)));
    }
    return absl::OkStatus();
  }
  if (entry.kind == Kind::kFolder) {
    links_.PutFolder(resolved);
    folders_.insert(absl::HashOf(absl::string_view(resolved)));
  } else if (entry.kind == Kind::kSymlink) {
    links_.PutLink(resolved, entry.target);
  } else {
    links_.PutFile(resolved);
  }
  if (links_.bytes() <= limits_.link_bytes) return absl::OkStatus();
  return Wrong(absl::StrCat("links of ", links_.bytes(), " bytes"),
               absl::StrCat("at most ", limits_.link_bytes, " in all"));
}

absl::Status LayerRules::Check(TarEntry& entry) {
  absl::StatusOr<std::string> path = PlainPath(entry.path, "path");
  if (!path.ok()) return path.status();
  if (path->empty() && entry.kind != Kind::kFolder) return Wrong("the root that is no folder", "a folder");
  const absl::string_view name = LastName(*path);
  const bool whiteout = absl::StartsWith(name, kWhiteout);
  const absl::string_view folder = absl::string_view(*path).substr(0, path->size() - name.size());
  if (absl::Status plain = CheckNoWhiteout(folder); !plain.ok()) return plain;
  if (absl::Status valid = whiteout ? CheckWhiteout(entry, name) : absl::OkStatus(); !valid.ok()) return valid;
  if (absl::Status ids = CheckIds(entry); !ids.ok()) return ids;
  if (absl::Status xattrs = CheckXattrs(entry); !xattrs.ok()) return xattrs;
  if (absl::Status target = CheckTarget(entry); !target.ok()) return target;
  entry.mode &= kPlainMode;
  if (absl::Status counted = CountContent(entry.size); !counted.ok()) return counted;
  absl::StatusOr<std::string> resolved = links_.Resolve(*path);
  if (!resolved.ok()) return resolved.status();
  if (entry.kind == Kind::kHardLink) {
    if (absl::Status inside = links_.Resolve(entry.target).status(); !inside.ok()) return inside;
  }
  if (absl::Status counted = CountEntry(); !counted.ok()) return counted;
  if (absl::Status counted = CountFolders(*resolved); !counted.ok()) return counted;
  entry.path = path->empty() ? "." : *std::move(path);
  return Apply(entry, *resolved);
}

absl::Status LayerRules::Admit(TarEntry& entry) {
  const std::string name = absl::CHexEscape(entry.path.substr(0, kMaxQuoted));
  const absl::Status status = Check(entry);
  return status.ok() ? status : absl::FailedPreconditionError(absl::StrCat("entry ", name, ": ", status.message()));
}

}  // namespace flyd
