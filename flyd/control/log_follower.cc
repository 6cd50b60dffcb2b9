#include "flyd/control/log_follower.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flyd/files/open_file.h"

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
bool LogFollower::HasNext() {
  if (fd_ < 0) return true;
  const ino_t present = InodeOf(path_);
  if (present == 0 && due_ != 0) has_lost_ = true;  // the folder is gone, and the rest with it
  if (present == 0 || present == InodeOf(fd_)) return false;
  if (due_ == 0) due_ = present;
  return true;
}

// The older half first, unless it is the one that was read.
bool LogFollower::OpenNext() {
  const ino_t read = InodeOf(fd_);
  OpenFile older(open((path_ + ".1").c_str(), O_RDONLY | O_CLOEXEC));
  OpenFile present(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  const ino_t half = InodeOf(older.get());
  if (half != InodeOf(path_ + ".1")) return true;  // rotated between the two: look again
  const bool reads_older = half != 0 && half != read;
  OpenFile& next = reads_older ? older : present;
  if (!next.is_open()) return false;
  // After a file comes the one that was seen in its place first. Another one means that some went between.
  if (read != 0 && reads_older && half != due_) has_lost_ = true;
  due_ = reads_older ? InodeOf(present.get()) : 0;
  if (fd_ >= 0) close(fd_);
  fd_ = next.Release();
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
