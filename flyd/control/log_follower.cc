#include "flyd/control/log_follower.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace flyd {

LogFollower::~LogFollower() {
  if (fd_ >= 0) close(fd_);
}

// The file that stands at the path now, unless it is the one that is open. The older half is read first.
bool LogFollower::OpenNext() {
  if (fd_ < 0) {
    const std::string older = path_ + ".1";
    fd_ = open(older.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ >= 0) return true;
    fd_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    return fd_ >= 0;
  }
  struct stat opened;
  struct stat present;
  if (fstat(fd_, &opened) != 0 || stat(path_.c_str(), &present) != 0 || opened.st_ino == present.st_ino) return false;
  const int next = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (next < 0) return false;
  close(fd_);
  fd_ = next;
  return true;
}

std::string LogFollower::ReadMore() {
  std::string bytes(64 * 1024, '\0');
  while (true) {
    const ssize_t size = fd_ < 0 ? 0 : read(fd_, bytes.data(), bytes.size());
    if (size > 0) {
      bytes.resize(size);
      return bytes;
    }
    if (!OpenNext()) return "";
  }
}

}  // namespace flyd
