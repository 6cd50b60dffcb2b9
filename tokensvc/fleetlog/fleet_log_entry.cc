#include "tokensvc/fleetlog/fleet_log_entry.h"

#include "absl/strings/str_cat.h"
#include "proto/fleet/v1/fleet_log.pb.h"
#include "tokensvc/es256/es256_verify.h"
#include "tokensvc/fleetlog/fleet_change_codec.h"
#include "tokensvc/proto_canonical.h"

namespace tokensvc {
namespace {

namespace pb = fly::fleet::v1;

constexpr uint32_t kFormatVersion = 1;
constexpr size_t kMaxEntryBytes = 1 << 20;

// Entry and head are alike in this: one envelope, one key, one domain each.
template <typename Envelope, typename Payload>
absl::Status OpenEnvelope(absl::string_view subject, absl::string_view bytes, absl::string_view spki,
                          std::string (*signing_input)(absl::string_view), Payload& payload) {
  Envelope envelope;
  if (bytes.size() > kMaxEntryBytes || !ParseCanonical(bytes, envelope) || !ParseCanonical(envelope.payload(), payload)) {
    return absl::InvalidArgumentError(absl::StrCat(subject, ": not in canonical form"));
  }
  if (payload.format_version() != kFormatVersion) {
    return absl::InvalidArgumentError(
        absl::StrCat(subject, " format_version: ", payload.format_version(), ", want ", kFormatVersion));
  }
  if (payload.key_id() != SpkiKeyId(spki)) {
    return absl::PermissionDeniedError(
        absl::StrCat(subject, " key_id: ", payload.key_id().size(), " bytes of another key, want ", SpkiKeyId(spki)));
  }
  const absl::Status held = VerifyEs256(spki, signing_input(envelope.payload()), envelope.signature());
  if (!held.ok()) return absl::Status(held.code(), absl::StrCat(subject, " ", held.message()));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<VerifiedFleetLogEntry> VerifyFleetLogEntry(absl::string_view signed_entry,
                                                          absl::string_view fleet_key_spki) {
  pb::FleetLogEntry proto;
  const absl::Status opened = OpenEnvelope<pb::SignedFleetLogEntry>("fleet log entry", signed_entry, fleet_key_spki,
                                                                    &FleetLogSigningInput, proto);
  if (!opened.ok()) return opened;
  if (proto.previous_sha256().size() != 32) {
    return absl::InvalidArgumentError(
        absl::StrCat("fleet log entry previous_sha256: ", proto.previous_sha256().size(), " bytes, want 32"));
  }
  absl::StatusOr<FleetChange> change = ChangeFromProto(proto);
  if (!change.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("fleet log entry ", proto.number(), " ", change.status().message()));
  }
  return VerifiedFleetLogEntry({.key_id = proto.key_id(),
                                .number = proto.number(),
                                .previous_sha256 = proto.previous_sha256(),
                                .appended_at = absl::FromUnixMillis(proto.appended_unix_ms()),
                                .change = *std::move(change)},
                               Sha256(signed_entry));
}

absl::StatusOr<VerifiedFleetHead> VerifyFleetHead(absl::string_view signed_head, absl::string_view fleet_key_spki) {
  pb::FleetHead proto;
  const absl::Status opened =
      OpenEnvelope<pb::SignedFleetHead>("fleet head", signed_head, fleet_key_spki, &FleetHeadSigningInput, proto);
  if (!opened.ok()) return opened;
  return VerifiedFleetHead({.key_id = proto.key_id(),
                            .number = proto.number(),
                            .entry_sha256 = proto.entry_sha256(),
                            .issued = absl::FromUnixSeconds(proto.issued_unix()),
                            .expires = absl::FromUnixSeconds(proto.expires_unix())});
}

absl::StatusOr<std::string> EncodeFleetLogPayload(const FleetLogEntry& entry) {
  pb::FleetLogEntry proto;
  proto.set_format_version(kFormatVersion);
  proto.set_key_id(entry.key_id);
  proto.set_number(entry.number);
  proto.set_previous_sha256(entry.previous_sha256);
  proto.set_appended_unix_ms(absl::ToUnixMillis(entry.appended_at));
  ChangeToProto(entry.change, proto);
  if (absl::StatusOr<FleetChange> readable = ChangeFromProto(proto); !readable.ok()) return readable.status();
  return SerializeCanonical(proto);
}

std::string EncodeFleetHeadPayload(const FleetHead& head) {
  pb::FleetHead proto;
  proto.set_format_version(kFormatVersion);
  proto.set_key_id(head.key_id);
  proto.set_number(head.number);
  proto.set_entry_sha256(head.entry_sha256);
  proto.set_issued_unix(absl::ToUnixSeconds(head.issued));
  proto.set_expires_unix(absl::ToUnixSeconds(head.expires));
  return SerializeCanonical(proto);
}

std::string FleetLogSigningInput(absl::string_view payload) {
  return absl::StrCat(absl::string_view("flyd-fleet-log-v1\0", 18), payload);
}

std::string FleetHeadSigningInput(absl::string_view payload) {
  return absl::StrCat(absl::string_view("flyd-fleet-head-v1\0", 19), payload);
}

std::string AssembleSignedFleetLogEntry(absl::string_view payload, absl::string_view signature) {
  pb::SignedFleetLogEntry envelope;
  envelope.set_payload(std::string(payload));
  envelope.set_signature(std::string(signature));
  return SerializeCanonical(envelope);
}

std::string AssembleSignedFleetHead(absl::string_view payload, absl::string_view signature) {
  pb::SignedFleetHead envelope;
  envelope.set_payload(std::string(payload));
  envelope.set_signature(std::string(signature));
  return SerializeCanonical(envelope);
}

}  // namespace tokensvc
