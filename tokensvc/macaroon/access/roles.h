#ifndef TOKENSVC_MACAROON_ACCESS_ROLES_H_
#define TOKENSVC_MACAROON_ACCESS_ROLES_H_

#include <cstdint>

#include "tokensvc/macaroon/access/access.h"

namespace tokensvc::macaroon {

// Bits of an AllowedRoles caveat. Persisted in every token ever issued; append only.
inline constexpr uint32_t kMemberRole = 1;
inline constexpr uint32_t kBillingManagerRole = 2;
inline constexpr uint32_t kAdminRole = 0xffffffff;

// The role that the access needs: kMemberRole where it names no organization feature or one on which members may do
// that, else kAdminRole.
uint32_t NeededRole(const Access& access);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_ACCESS_ROLES_H_
