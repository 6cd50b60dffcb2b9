#ifndef FLYD_INIT_WORKLOAD_WORKLOAD_USER_H_
#define FLYD_INIT_WORKLOAD_WORKLOAD_USER_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flyd {

// Whom the workload runs as, inside the machine.
struct WorkloadUser {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  std::string home = "/";
};

// Resolves "", NAME, UID, NAME:GROUP or UID:GID with the contents of the machine's passwd and group files; "" is root. A
// number that passwd does not know has gid = uid and home "/". NotFound: a name that is not there. InvalidArgument: a
// number over 65535. FailedPrecondition: not root in a machine with `one_id` (rootless).
absl::StatusOr<WorkloadUser> ResolveUser(absl::string_view spec, absl::string_view passwd, absl::string_view group,
                                         bool one_id);

}  // namespace flyd

#endif  // FLYD_INIT_WORKLOAD_WORKLOAD_USER_H_
