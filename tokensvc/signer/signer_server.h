#ifndef TOKENSVC_SIGNER_SIGNER_SERVER_H_
#define TOKENSVC_SIGNER_SIGNER_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "tokensvc/clock.h"
#include "tokensvc/pkcs11/hsm.h"
#include "tokensvc/rpc/json_log.h"
#include "tokensvc/signer/fleet/fleet_view.h"
#include "tokensvc/signer/rules/clock_quality.h"
#include "tokensvc/signer/rules/sign_policy.h"
#include "tokensvc/signer/signerd_config.h"
#include "tokensvc/unique_id_source.h"

namespace tokensvc {

// What a signer stands on. Everything outlives the server.
struct SignerParts {
  Hsm& hsm;
  const Clock& clock;
  const ClockQuality& clock_quality;
  UniqueIdSource& ids;
  JsonLog& log;
  absl::Span<const SignRule> rules;  // AllSignRules()
};

// A signer with its state opened and its services listening: it follows the fleet log, keeps the keys of the schedule and
// their bundle, and answers sign requests. Destroying it ends the streams and answers what was begun.
class SignerServer {
 public:
  // Opens or makes the state in `config.data_dir` and listens. Errors name what does not open.
  static absl::StatusOr<std::unique_ptr<SignerServer>> Start(const SignerdConfig& config, const SignerParts& parts);
  virtual ~SignerServer() = default;

  // HOST:PORT that it listens on.
  virtual const std::string& address() const = 0;

  // The fleet log as it is applied here.
  virtual FleetView& fleet() = 0;

  // Brings keys and bundle up to the fleet log now; a thread does so within a second of each change.
  virtual absl::Status KeepKeys() = 0;

  // OK, or why nothing is signed now. Unavailable.
  virtual absl::Status Health() const = 0;
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_SIGNER_SERVER_H_
