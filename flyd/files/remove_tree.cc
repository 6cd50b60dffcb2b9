#include "flyd/files/remove_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flyd {
namespace {

std::vector<std::string> NamesIn(int folder) {
  std::vector<std::string> names;
  DIR* listing = fdopendir(folder);  // takes the descriptor over
  for (const dirent* entry; listing != nullptr && (entry = readdir(listing)) != nullptr;) {
    const absl::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (listing != nullptr) closedir(listing);
  return names;
}

// 0, or errno. By descriptors, however deep: no path is too long.
int Remove(int parent, const char* name) {
  if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) return 0;
  if (errno != EISDIR && errno != EPERM) return errno;
  (void)!fchmodat(parent, name, 0700, 0);  // not ours: the next line says so
  const int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return errno;
  int first_error = 0;
  for (const std::string& inside : NamesIn(dup(folder))) {
    const int error = Remove(folder, inside.c_str());
    if (first_error == 0) first_error = error;
  }
  close(folder);
  if (first_error != 0) return first_error;
  return unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : errno;
}

}  // namespace

absl::Status RemoveTree(const std::string& path) {
  const int error = Remove(AT_FDCWD, path.c_str());
  if (error == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(path, ": ", strerror(error), ", want it removed"));
}

}  // namespace flyd
