#include "flyd/files/durable_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flyd {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;

absl::Status Errno(absl::string_view subject, int error) {
  return absl::UnavailableError(absl::StrCat(subject, ": ", strerror(error)));
}

absl::Status WriteAll(int fd, absl::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Errno(path, errno);
    content.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(fd) != 0) return Errno(path, errno);
  return absl::OkStatus();
}

absl::Status SyncDirectory(const std::string& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Errno(directory, errno);
  const int result = fsync(fd);
  const int error = errno;
  close(fd);
  return result == 0 ? absl::OkStatus() : Errno(directory, error);
}

}  // namespace

absl::Status WriteFileDurably(const std::string& directory, const std::string& name, absl::string_view content) {
  const std::string path = absl::StrCat(directory, "/", name);
  const std::string temporary = absl::StrCat(path, ".new");
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return Errno(temporary, errno);
  absl::Status written = WriteAll(fd, content, temporary);
  close(fd);
  if (!written.ok()) return written;
  if (rename(temporary.c_str(), path.c_str()) != 0) return Errno(path, errno);
  return SyncDirectory(directory);
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return absl::NotFoundError(absl::StrCat(path, ": absent"));
  if (fd < 0) return Errno(path, errno);
  absl::Cleanup closer = [fd] { close(fd); };
  std::string content;
  char chunk[4096];
  for (;;) {
    const ssize_t got = read(fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Errno(path, errno);
    if (got == 0) return content;
    content.append(chunk, static_cast<size_t>(got));
    if (content.size() > kMaxFileBytes) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": over ", kMaxFileBytes, " bytes, want a small file"));
    }
  }
}

}  // namespace flyd
