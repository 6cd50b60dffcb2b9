#include "flyd/guest/http_guest_sockets.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace flyd {

absl::Status HttpGuestSockets::Open(absl::string_view machine_id) {
  std::string directory = run_dir_;
  for (const absl::string_view part : {absl::string_view("/m"), absl::string_view("/"), absl::string_view("/guest")}) {
    absl::StrAppend(&directory, part, part == "/" ? machine_id : "");
    if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
      return absl::UnavailableError(absl::StrCat(directory, ": ", std::strerror(errno), ", want to make it"));
    }
  }
  const absl::Status listening = server_.ListenUnix(machine_id, absl::StrCat(directory, "/api.sock"));
  return absl::IsAlreadyExists(listening) ? absl::OkStatus() : listening;
}

void HttpGuestSockets::Close(absl::string_view machine_id) {
  server_.Close(machine_id);
  unlink(absl::StrCat(run_dir_, "/m/", machine_id, "/guest/api.sock").c_str());
}

}  // namespace flyd
