#include "tokensvc/signer/keys/key_bundle.h"

#include "absl/strings/str_cat.h"
#include "proto/signer/v1/signer.pb.h"
#include "tokensvc/es256/es256_verify.h"
#include "tokensvc/fleetlog/fleet_change_codec.h"
#include "tokensvc/proto_canonical.h"

namespace tokensvc {
namespace {

namespace pb = fly::signer::v1;

constexpr uint32_t kFormatVersion = 1;
constexpr absl::string_view kDomain("flyd-key-bundle-v1\0", 19);

}  // namespace

absl::StatusOr<std::string> MakeKeyBundle(const FleetSnapshot& fleet, const TokenKeys& keys, Hsm& hsm,
                                          const HsmKey& bundle_key, absl::Time now) {
  const FleetState& state = fleet.state;
  if (!state.settings().has_value()) {
    return absl::FailedPreconditionError("key bundle: no fleet settings, want them from the fleet log");
  }
  pb::KeyBundle bundle;
  bundle.set_format_version(kFormatVersion);
  bundle.set_fleet(state.settings()->fleet);
  bundle.set_issuer_base(state.settings()->issuer_base);
  bundle.set_fleet_log_number(state.number());
  bundle.set_issued_unix(absl::ToUnixSeconds(now));
  for (const auto& [id, organization] : state.organizations()) {
    IssuerToProto(organization, *bundle.add_organizations());
  }
  for (const auto& [name, key] : keys) {
    const auto slot = state.key_slots().find(name);
    if (slot == state.key_slots().end() || KeyStateAt(slot->second, now) == KeyState::kRemoved) continue;
    pb::PublishedKey& published = *bundle.add_keys();
    KeySlotToProto(slot->second, *published.mutable_slot());
    published.set_spki_der(key->hsm_key().spki_der);
  }
  pb::SignedKeyBundle signed_bundle;
  signed_bundle.set_payload(SerializeCanonical(bundle));
  absl::StatusOr<std::string> signature =
      hsm.SignDigest(bundle_key, Sha256(absl::StrCat(kDomain, signed_bundle.payload())));
  if (!signature.ok()) return signature.status();
  signed_bundle.set_signature(*std::move(signature));
  signed_bundle.set_bundle_key_spki_der(bundle_key.spki_der);
  return SerializeCanonical(signed_bundle);
}

}  // namespace tokensvc
