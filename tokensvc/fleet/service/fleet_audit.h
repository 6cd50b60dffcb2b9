#ifndef TOKENSVC_FLEET_SERVICE_FLEET_AUDIT_H_
#define TOKENSVC_FLEET_SERVICE_FLEET_AUDIT_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tokensvc/clock.h"
#include "tokensvc/rpc/json_log.h"

namespace grpc {
class ServerContextBase;
class Status;
}  // namespace grpc

namespace tokensvc {

// The domain of every reason that fleetd gives.
inline constexpr absl::string_view kFleetErrorDomain = "fleet.flyd";

// The end of every method of fleetd: one log line for each change and each refusal, and the status for the wire.
// Thread-safe.
class FleetAudit {
 public:
  // `log` and `clock` outlive the object.
  FleetAudit(std::string fleet, JsonLog& log, const Clock& clock) : fleet_(std::move(fleet)), log_(log), clock_(clock) {}

  // `subject` is what the call was about: a slug, a machine's id.
  grpc::Status Changed(const grpc::ServerContextBase& context, absl::string_view method, absl::string_view subject,
                       const absl::Status& status);
  // The same, without a line where the answer is OK.
  grpc::Status Read(const grpc::ServerContextBase& context, absl::string_view method, absl::string_view subject,
                    const absl::Status& status);

 private:
  const std::string fleet_;
  JsonLog& log_;
  const Clock& clock_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_SERVICE_FLEET_AUDIT_H_
