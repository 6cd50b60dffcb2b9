#ifndef FLYD_CONTROL_MACHINES_HANDLER_H_
#define FLYD_CONTROL_MACHINES_HANDLER_H_

#include <memory>
#include <string>

#include "flyd/runtime/boot_limits.h"
#include "flyd/runtime/external_runtime.h"
#include "flyd/supervisor/host.h"
#include "flyd/supervisor/supervisor.h"
#include "storage/machine_history.h"
#include "storage/machine_store.h"
#include "tokensvc/unique_id_source.h"

namespace grpc {
class Service;
}

namespace flyd {

struct MachinesParts {  // none is owned; all outlive the service
  Supervisor& supervisor;
  const storage::MachineStore& store;
  const storage::MachineHistory& history;
  Host& host;
  tokensvc::UniqueIdSource& ids;
  ExternalRuntime* external = nullptr;  // where the machines are run by somebody else
  // To what machines can be held; where flyd does not run them itself, whoever does holds them to all of it.
  HostBounds bounds = {.cpus = true, .memory = true, .pids = true};
  std::string worker;
  std::string run_dir;  // where the process runtime keeps the boots' logs
};

// fly.machines.v1.Machines: identify is the server's (role table), parse, call, convert.
std::unique_ptr<grpc::Service> MakeMachinesService(MachinesParts parts);

}  // namespace flyd

#endif  // FLYD_CONTROL_MACHINES_HANDLER_H_
