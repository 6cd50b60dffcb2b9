#ifndef TESTS_FAKES_SCRATCH_FOLDER_H_
#define TESTS_FAKES_SCRATCH_FOLDER_H_

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace tests {

// A folder of a test's own under /tmp, short enough for the path of a Unix socket, removed with the object.
class ScratchFolder {
 public:
  ScratchFolder() {
    char name[] = "/tmp/flyd-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~ScratchFolder() {
    std::error_code ignored;  // what cannot be removed is left to the machine
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tests

#endif  // TESTS_FAKES_SCRATCH_FOLDER_H_
