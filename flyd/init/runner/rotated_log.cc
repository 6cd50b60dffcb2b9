#include "flyd/init/runner/rotated_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flyd {

RotatedLog::RotatedLog(std::string path, size_t max_bytes) : path_(std::move(path)), max_bytes_(max_bytes) { Open(); }

RotatedLog::~RotatedLog() {
  if (fd_ >= 0) close(fd_);
}

void RotatedLog::Open() {
  fd_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  struct stat info;
  size_ = fd_ >= 0 && fstat(fd_, &info) == 0 ? static_cast<size_t>(info.st_size) : 0;
}

void RotatedLog::Append(absl::string_view bytes) {
  if (size_ > 0 && size_ + bytes.size() > max_bytes_) {
    close(fd_);
    rename(path_.c_str(), absl::StrCat(path_, ".1").c_str());
    Open();
  }
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;
    size_ += static_cast<size_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace flyd
