#include "tokensvc/macaroon/access/clear_access.h"

#include <optional>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tokensvc/macaroon/access/find_denials.h"
#include "tokensvc/macaroon/caveats/caveat.h"

namespace tokensvc::macaroon {

absl::Status ClearAccess(const VerifiedMacaroon& macaroon, const Access& access) {
  const std::vector<Denial> wrong = ValidateAccess(access);
  if (!wrong.empty()) return DenialStatus(wrong);
  return DenialStatus(FindDenials(macaroon.caveats(), access));
}

absl::StatusOr<uint64_t> RequireOrganization(const VerifiedMacaroon& macaroon) {
  std::optional<uint64_t> id;
  for (const Caveat& caveat : macaroon.caveats()) {
    const auto* organization = std::get_if<Organization>(&caveat.body);
    if (organization == nullptr || organization->id == 0) continue;
    if (id.has_value() && *id != organization->id) {
      return absl::PermissionDeniedError(
          absl::StrCat("macaroon: organizations ", *id, " and ", organization->id, ", want one"));
    }
    id = organization->id;
  }
  if (!id.has_value()) return absl::PermissionDeniedError("macaroon: no organization, want a caveat that names one");
  return *id;
}

}  // namespace tokensvc::macaroon
