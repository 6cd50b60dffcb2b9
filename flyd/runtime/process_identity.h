#ifndef FLYD_RUNTIME_PROCESS_IDENTITY_H_
#define FLYD_RUNTIME_PROCESS_IDENTITY_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace flyd {

// Names one process of one boot of one host for ever. A pid alone is used again.
struct ProcessIdentity {
  pid_t pid = 0;
  uint64_t start_ticks = 0;  // field 22 of /proc/PID/stat
  std::string host_boot_id;  // /proc/sys/kernel/random/boot_id
};

// This host's boot id. Unavailable: /proc is not there.
absl::StatusOr<std::string> HostBootId();

// Of a process that lives now. NotFound: there is none.
absl::StatusOr<ProcessIdentity> IdentifyProcess(pid_t pid);

// A pidfd of that very process; the caller closes it. NotFound: it has ended (or another has its pid, or the host was
// booted since); a zombie counts as ended.
absl::StatusOr<int> OpenProcess(const ProcessIdentity& identity);

}  // namespace flyd

#endif  // FLYD_RUNTIME_PROCESS_IDENTITY_H_
