#include "tokensvc/macaroon/boot/boot_token_check.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tokensvc/macaroon/access/access.h"
#include "tokensvc/macaroon/access/clear_access.h"
#include "tokensvc/macaroon/chain/macaroon.h"
#include "tokensvc/macaroon/chain/macaroon_text.h"

namespace tokensvc::macaroon {
namespace {

absl::Status Unauthenticated(absl::string_view message) { return absl::UnauthenticatedError(message); }

// The one token of the header, in the one text that its bytes have.
absl::StatusOr<Macaroon> DecodeOnlyToken(absl::string_view header_value) {
  absl::string_view text = header_value;
  if (!absl::ConsumePrefix(&text, "FlyV1 ")) absl::ConsumePrefix(&text, "Bearer ");
  if (!absl::StartsWith(text, "fm2_")) return Unauthenticated("authorization: another form, want FlyV1 fm2_");
  if (absl::StrContains(text, ',')) return Unauthenticated("macaroon: several tokens, want exactly one");
  const absl::StatusOr<std::vector<std::string>> tokens = ParseTokens(header_value);
  if (!tokens.ok()) return Unauthenticated(tokens.status().message());
  absl::StatusOr<Macaroon> token = Macaroon::Decode(tokens->front());
  if (!token.ok()) return Unauthenticated(token.status().message());
  return token;
}

// Is it the boot's own, as far as its unauthenticated parts say?
absl::Status MatchBoot(const Macaroon& token, const BootExpectation& boot) {
  if (token.unverified_location() != kPermissionLocation) {
    return Unauthenticated("macaroon: another location, want that of permission tokens");
  }
  const Nonce want{.kid = boot.kid, .rnd = boot.rnd};
  if (token.nonce() == want) return absl::OkStatus();
  return Unauthenticated(
      absl::StrCat("macaroon: token ", NonceUuid(token.nonce()), ", this boot's is ", NonceUuid(want)));
}

Access AccessOf(const BootExpectation& boot, const BootAccess& access) {
  return Access{
      .action = access.action,
      .now = access.now,
      .organization_id = boot.organization_id,
      .app_id = boot.app_id,
      .machine = boot.machine_id,
      .machine_feature = std::string(access.feature),
      .source_machine = boot.source_machine_id,
  };
}

// Blame for the access is blame for the token here: this program made the access.
absl::Status ClearForBoot(const VerifiedMacaroon& token, const BootExpectation& boot, const BootAccess& access) {
  // Which one it names is for the caveat itself to say.
  if (const auto organization = RequireOrganization(token); !organization.ok()) return organization.status();
  const absl::Status cleared = ClearAccess(token, AccessOf(boot, access));
  return cleared.ok() ? cleared : absl::PermissionDeniedError(cleared.message());
}

}  // namespace

absl::StatusOr<ClearedBootToken> CheckBootToken(absl::string_view header_value, const BootExpectation& boot,
                                                RootKeyLookup root_keys, const BootAccess& access) {
  absl::StatusOr<Macaroon> token = DecodeOnlyToken(header_value);
  if (!token.ok()) return token.status();
  if (absl::Status matched = MatchBoot(*token, boot); !matched.ok()) return matched;
  const storage::SecretBytes* root_key = root_keys(boot.kid);
  if (root_key == nullptr) return Unauthenticated("macaroon: a root key that is not here, want the boot's");
  absl::StatusOr<VerifiedMacaroon> verified = VerifyMacaroon(*std::move(token), *root_key);
  if (!verified.ok()) return verified.status();
  if (absl::Status cleared = ClearForBoot(*verified, boot, access); !cleared.ok()) return cleared;
  std::string token_id = NonceUuid(verified->nonce());
  return ClearedBootToken(*std::move(verified), std::move(token_id), boot.organization_id);
}

}  // namespace tokensvc::macaroon
