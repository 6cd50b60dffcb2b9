#ifndef FLYD_INIT_RUNNER_ROTATED_LOG_H_
#define FLYD_INIT_RUNNER_ROTATED_LOG_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace flyd {

// When a log file would grow beyond this it is renamed to FILE.1, replacing that, and a new one begins.
inline constexpr size_t kMaxLogBytes = 10 << 20;

// One output stream of a machine, in at most two files of kMaxLogBytes, 0600. What cannot be written (the disk is full)
// is lost: the machine runs on.
class RotatedLog {
 public:
  explicit RotatedLog(std::string path, size_t max_bytes = kMaxLogBytes);
  ~RotatedLog();
  RotatedLog(const RotatedLog&) = delete;
  RotatedLog& operator=(const RotatedLog&) = delete;

  void Append(absl::string_view bytes);

 private:
  void Open();

  const std::string path_;
  const size_t max_bytes_;
  int fd_ = -1;
  size_t size_ = 0;
};

}  // namespace flyd

#endif  // FLYD_INIT_RUNNER_ROTATED_LOG_H_
