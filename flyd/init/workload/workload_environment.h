#ifndef FLYD_INIT_WORKLOAD_WORKLOAD_ENVIRONMENT_H_
#define FLYD_INIT_WORKLOAD_WORKLOAD_ENVIRONMENT_H_

#include <cstdint>
#include <map>
#include <string>

namespace flyd {

// What the workload may know of its machine.
struct MachineFacts {
  std::string id;
  std::string name;
  std::string app;
  std::string organization;
  std::string region;
  std::string version;
  std::string image;
  std::string image_digest;
  uint64_t memory_mb = 0;  // 0: no limit of its own
};

using Environment = std::map<std::string, std::string>;

// The workload's variables. FLY_* of the platform are always true, whatever the user set; PATH, HOME and those of the
// machine's identity are the user's where the user set them, even to nothing.
Environment BuildEnvironment(const MachineFacts& machine, const Environment& user, const Environment& identity,
                             const std::string& home);

}  // namespace flyd

#endif  // FLYD_INIT_WORKLOAD_WORKLOAD_ENVIRONMENT_H_
