#ifndef TOKENSVC_RPC_ERROR_DETAILS_H_
#define TOKENSVC_RPC_ERROR_DETAILS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// What a status says to programs beside its text: the google.rpc details, as payloads of absl::Status under their type
// URLs. Domain code adds them here and never sees gRPC; to_grpc_status.h carries them over the wire.
//
//   return WithResource(WithReason(absl::AlreadyExistsError("slug: acme, want one never used"), "SLUG_TAKEN"),
//                       "organization", "acme");
namespace tokensvc {

// ErrorInfo.reason: UPPER_SNAKE_CASE, stable. A later call replaces it.
absl::Status WithReason(absl::Status status, absl::string_view reason);
// RetryInfo: the least time to wait, from the actual cause.
absl::Status WithRetryDelay(absl::Status status, absl::Duration delay);
// PreconditionFailure: adds one violation. `type`: "STATE", "REVISION", "VERSION", "GENERATION", "LEASE".
absl::Status WithViolation(absl::Status status, absl::string_view type, absl::string_view subject,
                           absl::string_view description);
// ResourceInfo: `type`: "organization", "app", "machine", "placement".
absl::Status WithResource(absl::Status status, absl::string_view type, absl::string_view name);

// ErrorInfo.reason; empty if the status has none.
std::string ReasonOf(const absl::Status& status);
// ErrorInfo.domain; empty if the status has none.
std::string DomainOf(const absl::Status& status);
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

}  // namespace tokensvc

#endif  // TOKENSVC_RPC_ERROR_DETAILS_H_
