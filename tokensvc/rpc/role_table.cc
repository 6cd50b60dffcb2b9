#include "tokensvc/rpc/role_table.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tokensvc {
namespace {

constexpr bool MethodsAreUnique() {
  for (const MethodRoles& a : kRoleTable)
    for (const MethodRoles& b : kRoleTable)
      if (&a != &b && a.method == b.method) return false;
  return true;
}
static_assert(MethodsAreUnique(), "a method has two rows");

std::string Names(RoleSet roles) {
  std::vector<absl::string_view> names;
  for (Role role : {Role::kWorker, Role::kControlPlane, Role::kFleet, Role::kSigner, Role::kIssuer}) {
    if (roles & Only(role)) names.push_back(RoleName(role));
  }
  return absl::StrJoin(names, " or ");
}

}  // namespace

absl::Status CheckRole(absl::string_view method, Role role) {
  for (const MethodRoles& row : kRoleTable) {
    if (row.method != method) continue;
    if (row.roles & Only(role)) return absl::OkStatus();
    return absl::PermissionDeniedError(absl::StrCat(method, ": role ", RoleName(role), ", want ", Names(row.roles)));
  }
  return absl::PermissionDeniedError(absl::StrCat(method, ": not in the role table, want a method that is"));
}

}  // namespace tokensvc
