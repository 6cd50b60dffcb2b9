#include "flyd/control/log_follower.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace flyd {

LogFollower::~LogFollower() {
  if (fd_ >= 0) close(fd_);
}

namespace {

// 0: there is none.
ino_t InodeOf(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

ino_t InodeOf(int fd) {
  struct stat info;
  return fd >= 0 && fstat(fd, &info) == 0 ? info.st_ino : 0;
}

}  // namespace

// Whether another file stands at the path than the one that is open.
bool LogFollower::HasNext() const {
  const ino_t present = InodeOf(path_);
  return fd_ < 0 || (present != 0 && present != InodeOf(fd_));
}

// The older half first, unless it is the one that was read.
bool LogFollower::OpenNext() {
  const std::string older = path_ + ".1";
  const ino_t read = InodeOf(fd_);
  const ino_t half = InodeOf(older);
  const bool reads_older = half != 0 && half != read;
  const int next = open(reads_older ? older.c_str() : path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (next < 0) return false;
  // After a file comes the one that was renamed to make room for the next: another one means that some went between.
  if (reads_older && read != 0) has_lost_ = true;
  if (fd_ >= 0) close(fd_);
  fd_ = next;
  return true;
}

std::string LogFollower::ReadMore() {
  std::string bytes(64 * 1024, '\0');
  while (true) {
    const bool has_next = HasNext();
    // After that look: what was appended until the rotation is there now.
    const ssize_t size = fd_ < 0 ? 0 : read(fd_, bytes.data(), bytes.size());
    if (size > 0) {
      bytes.resize(size);
      return bytes;
    }
    if (!has_next || !OpenNext()) return "";
  }
}

}  // namespace flyd
