#include "flyd/init/tokens/token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flyd {
namespace {

constexpr mode_t kDirectoryBits = 0755;

absl::Status Refused(absl::string_view name, int error) {
  return absl::UnavailableError(absl::StrCat(name, ": ", strerror(error)));
}

// Nobody can have made the same name before, so a leftover stands in nobody's way. Uniqueness is all that is asked of it:
// O_EXCL refuses what is there.
std::string TemporaryName(const std::string& name) {
  uint64_t random = 0;
  (void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
  return absl::StrCat(".", name, ".", absl::Hex(random, absl::kZeroPad16));
}

absl::Status WriteAndSync(int fd, absl::string_view content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Refused(name, errno);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(fd) == 0 ? absl::OkStatus() : Refused(name, errno);
}

// A directory in the place cannot be renamed over: the two change places, and it is removed where it is empty.
absl::Status MoveIntoPlace(int directory, const std::string& temporary, const std::string& name) {
  if (renameat(directory, temporary.c_str(), directory, name.c_str()) == 0) return absl::OkStatus();
  if (errno != EISDIR && errno != ENOTEMPTY && errno != EEXIST) return Refused(name, errno);
  if (renameat2(directory, temporary.c_str(), directory, name.c_str(), RENAME_EXCHANGE) != 0) return Refused(name, errno);
  (void)unlinkat(directory, temporary.c_str(), AT_REMOVEDIR);  // one that is full stays under a hidden name
  return absl::OkStatus();
}

absl::Status CheckPlace(int directory, const std::string& name, int fd) {
  struct stat ours;
  struct stat there;
  if (fstat(fd, &ours) != 0) return Refused(name, errno);
  if (fstatat(directory, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 && ours.st_dev == there.st_dev &&
      ours.st_ino == there.st_ino) {
    return absl::OkStatus();
  }
  return absl::AbortedError(absl::StrCat(name, ": another file took its place, want nobody else to write there"));
}

}  // namespace

absl::Status SecureDirectory(int directory) {
  struct stat info;
  if (fstat(directory, &info) != 0) return Refused("/.fly", errno);
  const mode_t mode = info.st_mode & 07777;
  if ((info.st_uid != 0 || info.st_gid != 0) && fchown(directory, 0, 0) != 0) return Refused("/.fly", errno);
  if ((mode & ~kDirectoryBits) != 0 && fchmod(directory, mode & kDirectoryBits) != 0) return Refused("/.fly", errno);
  return absl::OkStatus();
}

absl::Status ReplaceFile(int directory, const std::string& name, absl::string_view content, const FileAccess& access) {
  const std::string temporary = TemporaryName(name);
  const int fd = openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return Refused(name, errno);
  absl::Status status = WriteAndSync(fd, content, name);
  if (status.ok() && (fchown(fd, access.uid, access.gid) != 0 || fchmod(fd, access.mode) != 0)) {
    status = Refused(name, errno);
  }
  if (status.ok()) status = MoveIntoPlace(directory, temporary, name);
  if (!status.ok()) unlinkat(directory, temporary.c_str(), 0);
  if (status.ok()) status = CheckPlace(directory, name, fd);
  close(fd);
  return status;
}

}  // namespace flyd
