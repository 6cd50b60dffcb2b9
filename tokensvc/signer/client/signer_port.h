#ifndef TOKENSVC_SIGNER_CLIENT_SIGNER_PORT_H_
#define TOKENSVC_SIGNER_CLIENT_SIGNER_PORT_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tokensvc {

// One token to be signed: what a worker may say of it. Everything else signerd derives from the placement.
struct SignItem {
  std::shared_ptr<const std::string> placement;  // serialized SignedPlacement
  std::string placement_sha256;                  // 32 bytes
  std::string audience;                          // empty: the placement's default
  std::string aws_role_arn;                      // empty: no claim
  bool aws_principal_tags = false;
  std::string identity_claims_sha256;  // 32 bytes
  absl::Time deadline;                 // by the worker's clock; only the time left is sent
  std::string trace_id;
};

struct SignedItem {
  std::string token;  // JWS compact serialization; secret until it expires
  std::string jti;
  absl::Time issued_at;
  absl::Time expires_at;
};

// Called exactly once, from any thread.
//   PermissionDenied, InvalidArgument, FailedPrecondition: signerd's refusal, with the RefusalCode's name in the message.
//   DeadlineExceeded, Unavailable, ResourceExhausted: try again later; payload "retry-after-ms" where signerd said so.
using SignDone = absl::AnyInvocable<void(absl::StatusOr<SignedItem>)>;

// The remote signer, as the token service sees it. Thread-safe.
class SignerPort {
 public:
  virtual ~SignerPort() = default;

  // Hopeless deadlines are refused at once. Nothing is retried after it may have been signed.
  virtual void Sign(SignItem item, SignDone done) = 0;
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_CLIENT_SIGNER_PORT_H_
