#ifndef FLYD_CONTROL_PARSE_MACHINE_REQUESTS_H_
#define FLYD_CONTROL_PARSE_MACHINE_REQUESTS_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flyd/runtime/boot_control.h"
#include "flyd/runtime/boot_limits.h"
#include "flyd/supervisor/leases.h"
#include "flyd/supervisor/machine_waiters.h"
#include "flyd/supervisor/metadata.h"
#include "flyd/supervisor/orders.h"
#include "proto/machines/v1/machines.pb.h"

// The bounds of proto/machines/v1/machines.proto, all in one place. Each answers InvalidArgument `field: found, want`.
namespace flyd {

absl::StatusOr<CreateMachine> ParseCreate(const fly::machines::v1::CreateMachineRequest& request);
// Of the changes whose requests have request_id, expected_revision and lease_nonce.
template <typename Request>
absl::StatusOr<Guard> ParseGuard(const Request& request);
// `signal` empty and `timeout_seconds` 0 take the configuration's; at most 300.
absl::StatusOr<EndSettings> ParseEnd(const std::string& signal, uint32_t timeout_seconds);
absl::StatusOr<int> ParseSignal(const std::string& name);
absl::StatusOr<LeaseRequest> ParseLease(const fly::machines::v1::AcquireLeaseRequest& request);
absl::StatusOr<MetadataChange> ParseMetadata(const fly::machines::v1::UpdateMetadataRequest& request);
// Free text of at most 256 bytes.
absl::Status CheckNote(absl::string_view field, absl::string_view text);
absl::StatusOr<UpdateMachine> ParseUpdate(const fly::machines::v1::UpdateMachineRequest& request);
struct WaitParams {
  std::string id;
  MachineWish wish;
  absl::Duration timeout;
};
absl::StatusOr<WaitParams> ParseWait(const fly::machines::v1::WaitMachineRequest& request);

absl::StatusOr<ExecRequest> ParseExec(const fly::machines::v1::ExecMachineRequest& request);

// Whether this host can hold a machine to what its configuration limits. FailedPrecondition, reason LIMIT_UNSUPPORTED.
absl::Status CheckLimits(const fly::machines::v1::MachineConfig& config, const HostBounds& host);

// The key of a request that may be repeated. `request_id`: at most 64 bytes.
absl::StatusOr<RequestKey> ParseRequestKey(const std::string& request_id, const google::protobuf::Message& request);

// 1..1,000; 0 means 100.
absl::StatusOr<size_t> ParsePageSize(int32_t page_size);

template <typename Request>
absl::StatusOr<Guard> ParseGuard(const Request& request) {
  absl::StatusOr<RequestKey> key = ParseRequestKey(request.request_id(), request);
  if (!key.ok()) return key.status();
  return Guard{*std::move(key), request.expected_revision(), request.lease_nonce()};
}

}  // namespace flyd

#endif  // FLYD_CONTROL_PARSE_MACHINE_REQUESTS_H_
