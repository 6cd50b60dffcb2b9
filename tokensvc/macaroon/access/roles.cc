#include "tokensvc/macaroon/access/roles.h"

#include "absl/strings/string_view.h"

namespace tokensvc::macaroon {
namespace {

struct MemberRight {
  absl::string_view feature;
  Action allowed;
};

// What members may do with the features of their organization; a feature not listed is for administrators.
constexpr MemberRight kMemberRights[] = {
    {"wg", Action::kAll},
    {"domain", Action::kAll},
    {"site", Action::kAll},
    {"builder", Action::kAll},
    {"addon", Action::kAll},
    {"checks", Action::kAll},
    {"litefs-cloud", Action::kAll},
    {"membership", Action::kRead},
    {"billing", Action::kRead},
    {"authentication", Action::kRead},
    {"deletion", Action::kNone},
    {"document_signing", Action::kNone},
};

}  // namespace

uint32_t NeededRole(const Access& access) {
  if (!access.organization_feature.has_value()) return kMemberRole;
  for (const MemberRight& right : kMemberRights) {
    if (right.feature != *access.organization_feature) continue;
    return IsSubset(access.action, right.allowed) ? kMemberRole : kAdminRole;
  }
  return kAdminRole;
}

}  // namespace tokensvc::macaroon
