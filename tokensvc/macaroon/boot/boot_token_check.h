#ifndef TOKENSVC_MACAROON_BOOT_BOOT_TOKEN_CHECK_H_
#define TOKENSVC_MACAROON_BOOT_BOOT_TOKEN_CHECK_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/secret_bytes.h"
#include "tokensvc/macaroon/caveats/action.h"
#include "tokensvc/macaroon/caveats/caveat.h"
#include "tokensvc/macaroon/chain/macaroon_verifier.h"

namespace tokensvc::macaroon {

// What the host knows of the boot whose socket the request came in on.
struct BootExpectation {
  std::string kid;  // the boot's nonce: KID …
  std::string rnd;  // … and 16 bytes
  uint64_t organization_id = 0;
  uint64_t app_id = 0;
  std::string machine_id;         // of the boot record
  std::string source_machine_id;  // of the socket, never of a header
};

// What is attempted: a machine feature (kOidcFeature, kMetadataFeature) and what to do with it.
struct BootAccess {
  absl::string_view feature;
  Action action = Action::kNone;
  absl::Time now;
};

// The root key that `kid` names, or nullptr. It is called only for the expected KID, and its key is used only within
// the call of CheckBootToken.
using RootKeyLookup = absl::FunctionRef<const storage::SecretBytes*(absl::string_view kid)>;

// Proof that a request carried the boot's own Macaroon and that it allows the access. Only CheckBootToken makes one.
class ClearedBootToken {
 public:
  // NonceUuid: names the token in logs and in GET /v1/tokens/current.
  const std::string& token_id() const { return token_id_; }
  uint64_t organization_id() const { return organization_id_; }

  // Everything that the token was narrowed to, for GET /v1/tokens/current.
  const std::vector<Caveat>& caveats() const { return macaroon_.caveats(); }

 private:
  friend absl::StatusOr<ClearedBootToken> CheckBootToken(absl::string_view, const BootExpectation&, RootKeyLookup,
                                                         const BootAccess&);
  ClearedBootToken(VerifiedMacaroon macaroon, std::string token_id, uint64_t organization_id)
      : macaroon_(std::move(macaroon)), token_id_(std::move(token_id)), organization_id_(organization_id) {}
  VerifiedMacaroon macaroon_;
  std::string token_id_;
  uint64_t organization_id_ = 0;
};

// Checks the value of the one Authorization header of a request on a machine's socket: exactly one token, written
// `fm2_<base64>` behind nothing, `FlyV1 ` or `Bearer `, from kPermissionLocation, with the boot's own nonce, a chain
// that holds under its root key, confined to the boot's organization, and every caveat cleared for the boot's machine
// with the socket's machine as its source. No discharge is taken, and no bit of the text may differ from what was given
// out; a copy of the same nonce with more caveats may come instead.
//
// A request with no such header, or several, is the caller's to refuse.
//
//   Unauthenticated: it is not this boot's token, or not a token at all.
//   PermissionDenied: it is, and does not allow this.
// The message is for the audit log alone: the peer is told nothing. It holds no part of the token.
absl::StatusOr<ClearedBootToken> CheckBootToken(absl::string_view header_value, const BootExpectation& boot,
                                                RootKeyLookup root_keys, const BootAccess& access);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_BOOT_BOOT_TOKEN_CHECK_H_
