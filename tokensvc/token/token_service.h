#ifndef TOKENSVC_TOKEN_TOKEN_SERVICE_H_
#define TOKENSVC_TOKEN_TOKEN_SERVICE_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/ledger.h"
#include "tokensvc/claims/identity_claims.h"
#include "tokensvc/clock.h"
#include "tokensvc/signer/client/signer_port.h"

namespace tokensvc {

// A request whose caller is known: the socket named the machine and its Macaroon was cleared against the boot.
struct MintRequest {
  IdentityClaims identity;                       // of the boot that asks
  std::shared_ptr<const std::string> placement;  // serialized SignedPlacement of that boot's version
  std::string placement_sha256;
  std::string boot_id;
  std::string audience;      // empty: the placement's default
  std::string aws_role_arn;  // empty: none
  bool aws_principal_tags = false;
  absl::Duration time_left;  // kSignDeadline, or kBootSignDeadline while the machine boots
  std::string trace_id;
};

// Mints identity tokens for machines. Thread-safe. Never caches: each call that succeeds is a new token.
//
// Every call leaves one row in the ledger, allowed or denied; the ledger never holds a token back.
class TokenService {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<SignedItem>)>;

  // None is owned; all outlive this.
  TokenService(SignerPort& signer, storage::Ledger& ledger, const Clock& clock);

  // `done` is called once, from any thread, with the codes of SignDone.
  void Mint(MintRequest request, Done done);

  // A refusal that came before a MintRequest could be made (Macaroon, body, rate): the row alone.
  // `reason` is for the ledger: `subject: found, want`, without secrets.
  void RecordRefusal(absl::string_view machine_id, absl::string_view boot_id, const absl::Status& reason);

 private:
  SignerPort& signer_;
  storage::Ledger& ledger_;
  const Clock& clock_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_TOKEN_TOKEN_SERVICE_H_
