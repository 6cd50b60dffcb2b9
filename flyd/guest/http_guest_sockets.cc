#include "flyd/guest/http_guest_sockets.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace flyd {
namespace {

// PID 1 runs under ids of its own and comes in through the directory that it holds; everybody else on the host is kept out
// by RUN_DIR/m/ID, which is 0700.
constexpr mode_t kSocketMode = 0666;
constexpr mode_t kMachineMode = 0700;
constexpr mode_t kGuestMode = 0711;

}  // namespace

absl::Status HttpGuestSockets::Open(absl::string_view machine_id) {
  const std::string machine = absl::StrCat(run_dir_, "/m/", machine_id);
  const std::string directory = absl::StrCat(machine, "/guest");
  const std::pair<std::string, mode_t> folders[] = {
      {absl::StrCat(run_dir_, "/m"), kMachineMode}, {machine, kMachineMode}, {directory, kGuestMode}};
  for (const auto& [folder, mode] : folders) {
    const bool made = mkdir(folder.c_str(), mode) == 0 || errno == EEXIST;
    if (!made || chmod(folder.c_str(), mode) != 0) {
      return absl::UnavailableError(absl::StrCat(folder, ": ", std::strerror(errno), ", want to make it"));
    }
  }
  const std::string path = absl::StrCat(directory, "/api.sock");
  // What is kept listens at the path as long as the path is there: nobody but flyd comes in here, and Close forgets before
  // it unlinks.
  if (OpenFile kept = manager_.Take(machine_id); kept.is_open() && access(path.c_str(), F_OK) == 0) {
    if (server_.AdoptUnix(machine_id, kept.Release()).ok()) return absl::OkStatus();
  }
  const absl::StatusOr<int> listening = server_.ListenUnix(machine_id, path, kSocketMode);
  if (!listening.ok()) return absl::IsAlreadyExists(listening.status()) ? absl::OkStatus() : listening.status();
  manager_.Forget(machine_id);
  // Where it cannot be kept, PID 1 finds the socket that the next flyd makes.
  manager_.Keep(machine_id, *listening).IgnoreError();
  return absl::OkStatus();
}

void HttpGuestSockets::Close(absl::string_view machine_id) {
  manager_.Forget(machine_id);
  server_.Close(machine_id);
  unlink(absl::StrCat(run_dir_, "/m/", machine_id, "/guest/api.sock").c_str());
}

}  // namespace flyd
