#ifndef TOOLS_FLYDCTL_CALL_H_
#define TOOLS_FLYDCTL_CALL_H_

#include <grpcpp/client_context.h>

#include <chrono>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tokensvc/rpc/to_grpc_status.h"

namespace tools {

// One call with a deadline; the answer, or the refusal with its details.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              const Request& request, absl::Duration timeout = absl::Seconds(60)) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return tokensvc::FromGrpcStatus(status);
  return response;
}

}  // namespace tools

#endif  // TOOLS_FLYDCTL_CALL_H_
