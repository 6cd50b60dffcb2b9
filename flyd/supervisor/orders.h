#ifndef FLYD_SUPERVISOR_ORDERS_H_
#define FLYD_SUPERVISOR_ORDERS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "flyd/supervisor/machine_table.h"

// What the control plane orders, as values that were checked at the edge.
namespace flyd {

// What every order that changes a machine carries, so that none is done twice or over another writer's head.
struct Guard {
  RequestKey request;
  uint64_t expected_revision = 0;  // 0: any
  std::string lease_nonce;         // of the lease that stands, if one does
};

struct CreateMachine {
  RequestKey request;
  std::string placement;  // serialized SignedPlacement
  std::string config;     // serialized, checked MachineConfig
  bool start = true;
};

// How the running boot is to end: 0 and absent take what its configuration says.
struct EndSettings {
  int signal = 0;
  std::optional<absl::Duration> timeout;
};

struct UpdateMachine {
  std::string placement;
  std::string config;
  std::string current_version;  // empty: any
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_ORDERS_H_
