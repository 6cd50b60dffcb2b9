#include "flyd/init/workload/workload_environment.h"

#include <string>

namespace flyd {

Environment BuildEnvironment(const MachineFacts& machine, const Environment& user, const Environment& identity,
                             const std::string& home) {
  Environment all = user;
  // Neither replaces what is there: the user's own settings win.
  all.insert(identity.begin(), identity.end());
  all.emplace("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  all.emplace("HOME", home);
  all["FLY_APP_NAME"] = machine.app;
  all["FLY_MACHINE_ID"] = machine.id;
  all["FLY_ALLOC_ID"] = machine.id;
  all["FLY_REGION"] = machine.region;
  all["FLY_IMAGE_REF"] = machine.image;
  all["FLY_MACHINE_VERSION"] = machine.version;
  if (machine.memory_mb != 0) all["FLY_VM_MEMORY_MB"] = std::to_string(machine.memory_mb);
  return all;
}

}  // namespace flyd
