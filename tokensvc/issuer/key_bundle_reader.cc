#include "tokensvc/issuer/key_bundle_reader.h"

#include "absl/status/status.h"
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

absl::StatusOr<KeyBundle> FromProto(const pb::KeyBundle& proto) {
  if (proto.format_version() != kFormatVersion) {
    return absl::InvalidArgumentError(
        absl::StrCat("key bundle format_version: ", proto.format_version(), ", want ", kFormatVersion));
  }
  KeyBundle bundle{.fleet = proto.fleet(),
                   .issuer_base = proto.issuer_base(),
                   .fleet_log_number = proto.fleet_log_number(),
                   .issued = absl::FromUnixSeconds(proto.issued_unix())};
  for (const auto& organization : proto.organizations()) {
    absl::StatusOr<OrganizationIssuer> issuer = IssuerFromProto(organization);
    if (!issuer.ok()) return issuer.status();
    bundle.organizations.push_back(*std::move(issuer));
  }
  for (const pb::PublishedKey& key : proto.keys()) {
    absl::StatusOr<KeySlot> slot = KeySlotFromProto(key.slot());
    if (!slot.ok()) return slot.status();
    bundle.keys.push_back({*std::move(slot), key.spki_der()});
  }
  return bundle;
}

}  // namespace

absl::StatusOr<VerifiedKeyBundle> ReadKeyBundle(absl::string_view signed_bundle) {
  pb::SignedKeyBundle envelope;
  pb::KeyBundle payload;
  if (!ParseCanonical(signed_bundle, envelope) || !ParseCanonical(envelope.payload(), payload)) {
    return absl::InvalidArgumentError("key bundle: not in canonical form");
  }
  const absl::Status held =
      VerifyEs256(envelope.bundle_key_spki_der(), absl::StrCat(kDomain, envelope.payload()), envelope.signature());
  if (!held.ok()) return absl::Status(held.code(), absl::StrCat("key bundle ", held.message()));
  absl::StatusOr<KeyBundle> bundle = FromProto(payload);
  if (!bundle.ok()) return bundle.status();
  return VerifiedKeyBundle(*std::move(bundle), envelope.bundle_key_spki_der());
}

}  // namespace tokensvc
