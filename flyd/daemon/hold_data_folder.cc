#include "flyd/daemon/hold_data_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace flyd {
namespace {

// Five seconds in all.
constexpr int kTries = 250;
constexpr absl::Duration kPause = absl::Milliseconds(20);

}  // namespace

absl::StatusOr<OpenFile> HoldDataFolder(const std::string& data_dir) {
  const std::string path = data_dir + "/lock";
  OpenFile file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.is_open()) return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno), ", want to lock it"));
  // Of the process, so that who finds it held learns by whom; nothing else here opens and closes the file.
  struct flock whole = {};
  whole.l_type = F_WRLCK;
  // One that is being killed lets go when the last of its threads has ended.
  for (int tries = 0; tries < kTries; ++tries) {
    if (fcntl(file.get(), F_SETLK, &whole) == 0) return file;
    absl::SleepFor(kPause);
  }
  fcntl(file.get(), F_GETLK, &whole);
  return absl::UnavailableError(absl::StrCat(path, ": held by process ", whole.l_pid, ", want no other flyd on this folder"));
}

}  // namespace flyd
