#ifndef FLYD_CONTROL_PARSE_MACHINE_REQUESTS_H_
#define FLYD_CONTROL_PARSE_MACHINE_REQUESTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flyd/runtime/runtime.h"
#include "flyd/supervisor/machine_waiters.h"
#include "flyd/supervisor/supervisor.h"
#include "proto/machines/v1/machines.pb.h"

// The bounds of proto/machines/v1/machines.proto, all in one place. Each answers InvalidArgument `field: found, want`.
namespace flyd {

absl::StatusOr<CreateMachine> ParseCreate(const fly::machines::v1::CreateMachineRequest& request);
absl::StatusOr<StopMachine> ParseStop(const fly::machines::v1::StopMachineRequest& request);
absl::StatusOr<UpdateMachine> ParseUpdate(const fly::machines::v1::UpdateMachineRequest& request);

struct WaitParams {
  std::string id;
  MachineWish wish;
  absl::Duration timeout;
};
absl::StatusOr<WaitParams> ParseWait(const fly::machines::v1::WaitMachineRequest& request);

absl::StatusOr<ExecRequest> ParseExec(const fly::machines::v1::ExecMachineRequest& request);

// The key of a request that may be repeated. `request_id`: at most 64 bytes.
absl::StatusOr<RequestKey> ParseRequestKey(const std::string& request_id, const google::protobuf::Message& request);

// 1..1,000; 0 means 100.
absl::StatusOr<size_t> ParsePageSize(int32_t page_size);

}  // namespace flyd

#endif  // FLYD_CONTROL_PARSE_MACHINE_REQUESTS_H_
