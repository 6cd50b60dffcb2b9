#ifndef FLYD_CONTROL_WAIT_REACTOR_H_
#define FLYD_CONTROL_WAIT_REACTOR_H_

#include <string>

#include "absl/time/time.h"
#include "flyd/supervisor/machine_waiters.h"
#include "flyd/supervisor/supervisor.h"

namespace fly::machines::v1 {
class Machine;
}

namespace grpc {
class ServerUnaryReactor;
class Status;
}  // namespace grpc

namespace flyd {

// A WaitMachine under way: answers when the wish is fulfilled or cannot be, DEADLINE_EXCEEDED after `timeout`, and ends at once
// when the caller does. No thread waits. Everything outlives the call; the reactor deletes itself.
grpc::ServerUnaryReactor* StartWait(Supervisor& supervisor, const std::string& store_incarnation,
                                    const std::string& machine_id, const MachineWish& wish, absl::Duration timeout,
                                    fly::machines::v1::Machine* out);

// A call that is answered at once.
grpc::ServerUnaryReactor* RefuseWait(const grpc::Status& status);

}  // namespace flyd

#endif  // FLYD_CONTROL_WAIT_REACTOR_H_
