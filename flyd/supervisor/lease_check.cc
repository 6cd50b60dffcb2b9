#include "flyd/supervisor/lease_check.h"

#include "absl/strings/str_cat.h"
#include "tokensvc/rpc/error_details.h"

namespace flyd {

absl::Status CheckLease(const storage::MachineRecord& record, absl::string_view nonce, absl::Time now) {
  if (!record.lease.has_value() || record.lease->expires_at <= now || record.lease->nonce == nonce) {
    return absl::OkStatus();
  }
  return tokensvc::WithReason(
      absl::AbortedError(absl::StrCat("machine ", record.id, " lease: held by ", record.lease->owner, " until ",
                                      absl::FormatTime(absl::RFC3339_sec, record.lease->expires_at, absl::UTCTimeZone()),
                                      ", want its nonce")),
      "LEASE_HELD");
}

}  // namespace flyd
