#include "tokensvc/macaroon/access/denial.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tokensvc::macaroon {
namespace {

bool BlamesAccess(DenialKind kind) {
  return kind == DenialKind::kInvalidAccess || kind == DenialKind::kResourceUnspecified ||
         kind == DenialKind::kResourcesMutuallyExclusive;
}

}  // namespace

absl::Status DenialStatus(absl::Span<const Denial> denials) {
  if (denials.empty()) return absl::OkStatus();
  bool all_blame_access = true;
  for (const Denial& denial : denials) all_blame_access = all_blame_access && BlamesAccess(denial.kind);
  const std::string message = absl::StrJoin(
      denials, "; ", [](std::string* out, const Denial& denial) { absl::StrAppend(out, denial.message); });
  return all_blame_access ? absl::InvalidArgumentError(message) : absl::PermissionDeniedError(message);
}

}  // namespace tokensvc::macaroon
