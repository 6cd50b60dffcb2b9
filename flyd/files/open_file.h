#ifndef FLYD_FILES_OPEN_FILE_H_
#define FLYD_FILES_OPEN_FILE_H_

#include <unistd.h>

#include <utility>

namespace flyd {

// Owns a descriptor, or none (-1).
class OpenFile {
 public:
  OpenFile() = default;
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  OpenFile(OpenFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~OpenFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }
  // The caller closes it from now on.
  int Release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_ = -1;
};

}  // namespace flyd

#endif  // FLYD_FILES_OPEN_FILE_H_
