#ifndef TOKENSVC_FLEET_AUTHORITY_ORGANIZATION_AUTHORITY_H_
#define TOKENSVC_FLEET_AUTHORITY_ORGANIZATION_AUTHORITY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "tokensvc/clock.h"
#include "tokensvc/fleet/log/fleet_log.h"
#include "tokensvc/fleet/registry/registry.h"
#include "tokensvc/unique_id_source.h"

namespace tokensvc {

// Organizations and their apps: who may have which name. Organizations live in the fleet log alone, so that what signers
// believe and what the authority answers cannot differ; apps live in the registry. Thread-safe.
//
// Refusals carry reason and resource (tokensvc/rpc/error_details.h).
class OrganizationAuthority {
 public:
  // All four outlive the object.
  OrganizationAuthority(FleetLog& log, Registry& registry, UniqueIdSource& ids, const Clock& clock)
      : log_(log), registry_(registry), ids_(ids), clock_(clock) {}

  struct NewOrganization {
    std::string slug;
    uint64_t id = 0;  // 0: chosen here
    SigningAlgorithm algorithm = SigningAlgorithm::kRs256;
    bool development = false;
  };
  // InvalidArgument: the slug's form. AlreadyExists: slug or id is or was in use.
  absl::StatusOr<OrganizationEntry> Create(const NewOrganization& request) ABSL_LOCKS_EXCLUDED(mu_);
  // NotFound.
  absl::StatusOr<OrganizationEntry> Get(absl::string_view slug) const;

  struct Changed {
    OrganizationEntry organization;
    std::vector<std::string> fenced_except;
  };
  // Waits for the signers, at most kFenceWait. NotFound. FailedPrecondition: it is deleted.
  absl::StatusOr<Changed> SetState(absl::string_view slug, IssuerState state) ABSL_LOCKS_EXCLUDED(mu_);

  // `id` 0: chosen here. InvalidArgument, NotFound (the organization), FailedPrecondition (it is deleted), AlreadyExists.
  absl::StatusOr<AppRecord> CreateApp(absl::string_view organization_slug, absl::string_view name, uint64_t id)
      ABSL_LOCKS_EXCLUDED(mu_);
  // NotFound: organization or app.
  absl::StatusOr<AppRecord> GetApp(absl::string_view organization_slug, absl::string_view name) const;

 private:
  FleetLog& log_;
  Registry& registry_;
  UniqueIdSource& ids_;
  const Clock& clock_;
  absl::Mutex mu_;  // between looking a name up and taking it
};

// 48 random bits, never 0: an id of an organization or an app. Exact in readers that hold numbers as doubles.
uint64_t NewNumericId(UniqueIdSource& ids);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_AUTHORITY_ORGANIZATION_AUTHORITY_H_
