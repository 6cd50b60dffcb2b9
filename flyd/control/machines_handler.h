#ifndef FLYD_CONTROL_MACHINES_HANDLER_H_
#define FLYD_CONTROL_MACHINES_HANDLER_H_

#include <memory>
#include <string>

#include "flyd/supervisor/supervisor.h"
#include "storage/machine_store.h"

namespace grpc {
class Service;
}

namespace flyd {

// fly.machines.v1.Machines: identify is the server's (role table), parse, call, convert. References outlive the service.
// `run_dir`: where the process runtime keeps the boots' logs.
std::unique_ptr<grpc::Service> MakeMachinesService(Supervisor& supervisor, const storage::MachineStore& store,
                                                   std::string run_dir);

}  // namespace flyd

#endif  // FLYD_CONTROL_MACHINES_HANDLER_H_
