#ifndef TOKENSVC_FLEET_AUTHORITY_MACHINE_AUTHORITY_H_
#define TOKENSVC_FLEET_AUTHORITY_MACHINE_AUTHORITY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tokensvc/clock.h"
#include "tokensvc/fleet/authority/organization_authority.h"
#include "tokensvc/fleet/keys/fleet_key.h"
#include "tokensvc/fleet/log/fleet_log.h"
#include "tokensvc/fleet/registry/registry.h"
#include "tokensvc/unique_id_source.h"

namespace tokensvc {

struct PlaceRequest {
  std::string organization_slug;
  std::string app_name;
  std::string machine_id;    // empty: a new machine
  std::string machine_name;  // empty: chosen here, or the known machine's
  std::string worker;
  std::string region;      // empty: the known machine's
  MachineVersion version;  // version empty: chosen here; lifetime zero: kPlacementLifetime; `expires` is not read
};

struct Placed {
  std::string placement;  // a serialized SignedPlacement
  RegisteredMachine machine;
  std::string version;
};

struct Moved {
  std::vector<std::string> placements;  // one for each standing version, the newest first
  uint64_t generation = 0;
  std::vector<std::string> fenced_except;
};

// Where machines stand, and the signed statements of it. Thread-safe.
//
// Invariant: the registry's generation of a machine rises only after the fence below it is in the fleet log. A crash in
// between leaves a machine that can mint nowhere and that the same MoveMachine, called again, moves.
//
// Refusals carry reason and resource (tokensvc/rpc/error_details.h).
class MachineAuthority {
 public:
  // All outlive the object.
  MachineAuthority(OrganizationAuthority& organizations, FleetLog& log, Registry& registry, FleetKey& key,
                   UniqueIdSource& ids, const Clock& clock)
      : organizations_(organizations), log_(log), registry_(registry), key_(key), ids_(ids), clock_(clock) {}

  // A new machine in generation 1, or a version of a known one where it stands. The same version placed again with the
  // same content is signed anew.
  //   InvalidArgument: a field out of its bounds. NotFound: organization, app or machine.
  //   FailedPrecondition: the machine stands on another worker, is retired or half moved; the organization is not active.
  //   AlreadyExists: the app has or had another machine of that name; the version has other content.
  absl::StatusOr<Placed> Place(const PlaceRequest& request) ABSL_LOCKS_EXCLUDED(mu_);

  // Fences the present generation, waits for the signers, at most kFenceWait, and signs the next on `target_worker`.
  // Called again with the same arguments after it succeeded, it answers the same.
  //   Aborted: the machine's generation is another. NotFound. InvalidArgument. FailedPrecondition: it is retired.
  absl::StatusOr<Moved> Move(absl::string_view machine_id, absl::string_view target_worker,
                             absl::string_view target_region, uint64_t expected_generation) ABSL_LOCKS_EXCLUDED(mu_);

  // Signs the standing versions again. `worker`: of a machine that stands there alone; "": wherever. Unavailable: the
  // machine's last fence waits for a signer.
  absl::StatusOr<std::vector<std::string>> Renew(absl::string_view machine_id, absl::string_view worker = "")
      ABSL_LOCKS_EXCLUDED(mu_);

  // Fences every generation; the name stays taken. Answers the signers that have not acknowledged within kFenceWait.
  absl::StatusOr<std::vector<std::string>> Retire(absl::string_view machine_id) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  absl::StatusOr<RegisteredMachine> FindStanding(absl::string_view machine_id);
  absl::StatusOr<Placed> PlaceNewLocked(const PlaceRequest& request, const OrganizationEntry& organization,
                                        const AppRecord& app) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<Placed> PlaceVersionLocked(const PlaceRequest& request, const OrganizationEntry& organization,
                                            const AppRecord& app) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<RegisteredMachine> RaiseGeneration(absl::string_view machine_id, absl::string_view target_worker,
                                                    absl::string_view target_region, uint64_t expected_generation)
      ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::string> Sign(const RegisteredMachine& machine, const AppRecord& app,
                                   const OrganizationEntry& organization, MachineVersion& version);
  absl::StatusOr<std::vector<std::string>> SignStandingLocked(const RegisteredMachine& machine)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  MachineVersion WithDefaults(MachineVersion version, absl::string_view organization_slug);

  OrganizationAuthority& organizations_;
  FleetLog& log_;
  Registry& registry_;
  FleetKey& key_;
  UniqueIdSource& ids_;
  const Clock& clock_;
  absl::Mutex mu_;  // between reading a machine and writing it; never held while signers are waited for
};

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_AUTHORITY_MACHINE_AUTHORITY_H_
