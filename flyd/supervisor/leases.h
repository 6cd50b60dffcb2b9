#ifndef FLYD_SUPERVISOR_LEASES_H_
#define FLYD_SUPERVISOR_LEASES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "flyd/supervisor/machine_table.h"
#include "tokensvc/unique_id_source.h"

// Leases as in the public Machines API (fly-wire-facts, 5.3): while one stands, each change of the machine names its nonce.
namespace flyd {

struct LeaseRequest {
  std::string machine_id;
  std::string owner;
  std::string description;
  absl::Duration ttl;
  std::string nonce;  // of the lease to prolong; empty: a new one
};

// The machine with the lease in it. Aborted (reason LEASE_HELD): another stands. FailedPrecondition: it is destroyed.
// NotFound. DataLoss.
absl::StatusOr<storage::MachineRecord> AcquireLease(MachineTable& table, tokensvc::UniqueIdSource& ids,
                                                    const LeaseRequest& request);

// OK where none stands. Codes as AcquireLease.
absl::StatusOr<storage::MachineRecord> ReleaseLease(MachineTable& table, const std::string& machine_id,
                                                    const std::string& nonce);

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_LEASES_H_
