#include "flyd/runtime/fence_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include "flyd/files/open_file.h"

namespace flyd {
namespace {

std::string MarkOf(const std::string& boot_directory) { return boot_directory + "/fenced"; }

}  // namespace

void WriteFenceMark(const std::string& boot_directory, bool fenced) {
  if (fenced) {
    const OpenFile made(open(MarkOf(boot_directory).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  } else {
    unlink(MarkOf(boot_directory).c_str());
  }
}

bool HasFenceMark(const std::string& boot_directory) { return access(MarkOf(boot_directory).c_str(), F_OK) == 0; }

}  // namespace flyd
