#include "flyd/init/tokens/token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flyd {
namespace {

absl::Status WriteAndSync(int fd, absl::string_view content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return absl::UnavailableError(absl::StrCat(name, ": ", strerror(errno)));
    content.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(fd) != 0) return absl::UnavailableError(absl::StrCat(name, ": ", strerror(errno)));
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteTokenFile(int directory, const std::string& name, absl::string_view content, uid_t uid, gid_t gid,
                            mode_t mode) {
  const std::string temporary = absl::StrCat(".", name, ".new");
  unlinkat(directory, temporary.c_str(), 0);  // left by a crash, or planted: O_EXCL refuses whatever is put back
  const int fd = openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return absl::UnavailableError(absl::StrCat(name, ": ", strerror(errno)));
  absl::Status written = WriteAndSync(fd, content, name);
  if (written.ok() && (fchown(fd, uid, gid) != 0 || fchmod(fd, mode) != 0)) {
    written = absl::UnavailableError(absl::StrCat(name, ": ", strerror(errno)));
  }
  close(fd);
  if (written.ok() && renameat(directory, temporary.c_str(), directory, name.c_str()) != 0) {
    written = absl::UnavailableError(absl::StrCat(name, ": ", strerror(errno)));
  }
  if (!written.ok()) unlinkat(directory, temporary.c_str(), 0);
  return written;
}

}  // namespace flyd
