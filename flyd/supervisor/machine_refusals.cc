#include "flyd/supervisor/machine_refusals.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "flyd/supervisor/machine_state.h"
#include "tokensvc/rpc/error_details.h"

namespace flyd {
namespace {

absl::Status Precondition(absl::StatusCode code, absl::string_view reason, absl::string_view type,
                          const storage::MachineRecord& record, const std::string& found_want) {
  const absl::Status status(code, absl::StrCat("machine ", record.id, ": ", found_want));
  return tokensvc::WithViolation(tokensvc::WithReason(status, reason), type, absl::StrCat("machines/", record.id), found_want);
}

}  // namespace

absl::Status OfMachine(const absl::Status& status, absl::string_view id) {
  if (absl::IsNotFound(status)) {
    return tokensvc::WithResource(tokensvc::WithReason(status, "MACHINE_NOT_FOUND"), "machine", id);
  }
  if (absl::IsAlreadyExists(status)) {
    return tokensvc::WithResource(tokensvc::WithReason(status, "MACHINE_EXISTS"), "machine", id);
  }
  return status;
}

absl::Status WrongState(const storage::MachineRecord& record, absl::string_view want) {
  return Precondition(absl::StatusCode::kFailedPrecondition, "WRONG_STATE", "STATE", record,
                      absl::StrCat(StateName(record.state), ", want ", want));
}

absl::Status WrongRevision(const storage::MachineRecord& record, uint64_t expected) {
  return Precondition(absl::StatusCode::kAborted, "REVISION_MISMATCH", "REVISION", record,
                      absl::StrCat("revision ", expected, ", store has ", record.revision));
}

absl::Status WrongVersion(const storage::MachineRecord& record, absl::string_view expected) {
  return Precondition(absl::StatusCode::kAborted, "VERSION_MISMATCH", "VERSION", record,
                      absl::StrCat("version ", expected, ", store has ", record.desired.version));
}

}  // namespace flyd
