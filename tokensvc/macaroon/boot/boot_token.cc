#include "tokensvc/macaroon/boot/boot_token.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "tokensvc/macaroon/chain/macaroon.h"
#include "tokensvc/macaroon/chain/macaroon_text.h"
#include "tokensvc/macaroon/macaroon_limits.h"

namespace tokensvc::macaroon {
namespace {

absl::Status CheckParams(const BootTokenParams& params) {
  if (params.kid.empty()) return absl::InvalidArgumentError("boot token kid: empty, want the worker's");
  if (params.rnd.size() != kNonceRndBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("boot token rnd: ", params.rnd.size(), " bytes, want ", kNonceRndBytes));
  }
  // Zero ids are wildcards: the token would be valid for everything.
  if (params.organization_id == 0) return absl::InvalidArgumentError("boot token organization: 0, want an id");
  if (params.app_id == 0) return absl::InvalidArgumentError("boot token app: 0, want an id");
  if (params.machine_id.empty()) return absl::InvalidArgumentError("boot token machine: empty, want an id");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> MintBootToken(const storage::SecretBytes& worker_root_key, const BootTokenParams& params) {
  if (absl::Status checked = CheckParams(params); !checked.ok()) return checked;
  const std::vector<Caveat> caveats = {
      {Organization{params.organization_id, Action::kAll}},
      {Apps{{{params.app_id, Action::kAll}}}},
      {Machines{{{params.machine_id, Action::kAll}}}},
      {MachineFeatureSet{
          {{std::string(kMetadataFeature), Action::kAll}, {std::string(kOidcFeature), Action::kAll}}}},
      {FromMachineSource{params.machine_id}},
  };
  const absl::StatusOr<Macaroon> token = Macaroon::Mint(worker_root_key, Nonce{.kid = params.kid, .rnd = params.rnd},
                                                        std::string(kPermissionLocation), caveats);
  if (!token.ok()) return token.status();
  return FormatTokens({token->Encode()});
}

}  // namespace tokensvc::macaroon
