#ifndef FLYD_CONTROL_LOG_FOLLOWER_H_
#define FLYD_CONTROL_LOG_FOLLOWER_H_

#include <sys/types.h>

#include <string>

namespace flyd {

// Reads a log file that another process appends to and rotates (NAME to NAME.1). Not thread-safe.
class LogFollower {
 public:
  explicit LogFollower(std::string path) : path_(std::move(path)) {}
  ~LogFollower();
  LogFollower(const LogFollower&) = delete;
  LogFollower& operator=(const LogFollower&) = delete;

  // What was appended since the last call, at most 64 KiB; empty where there is nothing new.
  std::string ReadMore();

  // Whether something was rotated away before it was read.
  bool has_lost() const { return has_lost_; }

 private:
  bool HasNext();
  bool OpenNext();
  const std::string path_;
  int fd_ = -1;
  ino_t due_ = 0;  // the file that came after the open one; 0: none has been seen
  bool has_lost_ = false;
};

}  // namespace flyd

#endif  // FLYD_CONTROL_LOG_FOLLOWER_H_
