#include "flyd/init/guest/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "flyd/init/guest/parse_guest_address.h"
#include "flyd/init/guest/virtual_machine.h"
#include "flyd/init/pid1/pid1.h"

namespace flyd {
namespace {

constexpr int kExitRefused = 125;  // as where a machine could not be brought as far as its program

int Fail(const absl::Status& why) {
  fprintf(stderr, "init: %s\n", std::string(why.message()).c_str());
  return kExitRefused;
}

// Its end is the end of every other process, which only the first one's is.
absl::Status CheckFirst() {
  if (getpid() == 1) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("process ", getpid(), ", want to be process 1 of the machine"));
}

int RunContainer(const std::string& folder) {
  const int directory = open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return Fail(absl::UnavailableError(absl::StrCat(folder, ": ", strerror(errno), ", want a folder")));
  // Where it stays the workload can ask there itself, without the Macaroon that every answer needs.
  (void)umount2(folder.c_str(), MNT_DETACH);
  return RunPid1({.guest = {.directory = directory}});
}

}  // namespace

int RunGuest(absl::string_view address) {
  const absl::StatusOr<GuestPlace> place = ParseGuestAddress(address);
  if (!place.ok()) return Fail(place.status());
  if (absl::Status first = CheckFirst(); !first.ok()) return Fail(first);
  if (!place->folder.empty()) return RunContainer(place->folder);
  if (absl::Status set_up = SetUpVirtualMachine(); !set_up.ok()) {
    Fail(set_up);
    EndVirtualMachine();
  }
  RunPid1({.guest = {.vsock_cid = place->cid, .vsock_port = place->port}});
  EndVirtualMachine();
}

}  // namespace flyd
