#ifndef TOKENSVC_RPC_TO_GRPC_STATUS_H_
#define TOKENSVC_RPC_TO_GRPC_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace grpc {
class Status;
}

// The one place where a status crosses the wire: code and text, and the details of error_details.h in the trailer
// "grpc-status-details-bin" as a serialized google.rpc.Status.
namespace tokensvc {

// `domain` names who defines the reasons: "machines.flyd", "signer.flyd", "fleet.flyd". Every refusal carries an
// ErrorInfo; where the status has no reason, the code's own name stands ("NOT_FOUND"). Unauthenticated loses its text and
// every other detail.
grpc::Status ToGrpcStatus(const absl::Status& status, absl::string_view domain);

// What a client got, details included. A trailer that cannot be read is dropped.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace tokensvc

#endif  // TOKENSVC_RPC_TO_GRPC_STATUS_H_
