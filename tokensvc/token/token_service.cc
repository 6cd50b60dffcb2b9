#include "tokensvc/token/token_service.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tokensvc {
namespace {

storage::LedgerRow RowOf(const MintRequest& request) {
  storage::LedgerRow row;
  row.machine_id = request.identity.machine_id;
  row.boot_id = request.boot_id;
  row.organization = request.identity.organization_slug;
  row.app = request.identity.app_name;
  row.audience = request.audience;
  row.placement_sha256 = request.placement_sha256;
  row.trace_id = request.trace_id;
  return row;
}

void Deny(storage::LedgerRow& row, const absl::Status& status) {
  row.outcome = storage::LedgerOutcome::kDenied;
  row.status_code = static_cast<int>(status.code());
  row.reason = std::string(status.message());
}

}  // namespace

TokenService::TokenService(SignerPort& signer, storage::Ledger& ledger, const Clock& clock)
    : signer_(signer), ledger_(ledger), clock_(clock) {}

void TokenService::Mint(MintRequest request, Done done) {
  SignItem item{.placement = request.placement,
                .placement_sha256 = request.placement_sha256,
                .audience = request.audience,
                .aws_role_arn = request.aws_role_arn,
                .aws_principal_tags = request.aws_principal_tags,
                .identity_claims_sha256 = IdentityClaimsDigest(request.identity),
                .deadline = clock_.Now() + request.time_left,
                .trace_id = request.trace_id};
  signer_.Sign(std::move(item), [this, row = RowOf(request), done = std::move(done)](
                                    absl::StatusOr<SignedItem> signed_item) mutable {
    row.at = clock_.Now();
    if (signed_item.ok()) {
      row.outcome = storage::LedgerOutcome::kAllowed;
      row.jti = signed_item->jti;
    } else {
      Deny(row, signed_item.status());
    }
    ledger_.Append(std::move(row));
    done(std::move(signed_item));
  });
}

void TokenService::RecordRefusal(absl::string_view machine_id, absl::string_view boot_id, const absl::Status& reason) {
  storage::LedgerRow row;
  row.at = clock_.Now();
  row.machine_id = std::string(machine_id);
  row.boot_id = std::string(boot_id);
  Deny(row, reason);
  ledger_.Append(std::move(row));
}

}  // namespace tokensvc
