#ifndef FLYD_DAEMON_ENROLMENT_CLIENT_H_
#define FLYD_DAEMON_ENROLMENT_CLIENT_H_

#include "absl/status/statusor.h"
#include "flyd/daemon/flyd_config.h"
#include "flyd/supervisor/supervisor.h"
#include "storage/keyring.h"
#include "tokensvc/clock.h"

namespace flyd {

// What the fleet's authority gives a worker: its Macaroon root key, which goes into the keyring, and the placement keys.
// Asks fleetd when the keyring has no enrolment yet, and to refresh the placement keys when it answers; with an enrolment
// in the keyring and fleetd away, goes on with that.
//   Unavailable: fleetd does not answer and there is no enrolment. FailedPrecondition: it enrolled another worker.
absl::StatusOr<WorkerIdentity> Enrol(const FlydConfig& config, storage::Keyring& keyring, const tokensvc::Clock& clock);

}  // namespace flyd

#endif  // FLYD_DAEMON_ENROLMENT_CLIENT_H_
