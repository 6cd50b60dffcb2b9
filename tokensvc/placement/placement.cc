#include "tokensvc/placement/placement.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/fleet/v1/placement.pb.h"
#include "tokensvc/es256/es256_verify.h"
#include "tokensvc/limits.h"
#include "tokensvc/names.h"
#include "tokensvc/proto_canonical.h"

namespace tokensvc {
namespace {

namespace pb = fly::fleet::v1;

constexpr uint32_t kFormatVersion = 1;

absl::Status Bad(absl::string_view field, absl::string_view found, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat("placement ", field, ": ", found, ", want ", want));
}

absl::Status CheckAudience(absl::string_view field, absl::string_view audience) {
  if (IsAudience(audience)) return absl::OkStatus();
  return Bad(field, absl::StrCat(audience.size(), " bytes"),
             absl::StrCat("1..", kMaxAudienceBytes, " bytes without control characters"));
}

absl::Status CheckPolicy(const PlacementPolicy& policy) {
  if (policy.audiences.size() > kMaxPolicyAudiences) {
    return Bad("audiences", absl::StrCat(policy.audiences.size()), absl::StrCat("at most ", kMaxPolicyAudiences));
  }
  for (const std::string& audience : policy.audiences) {
    if (absl::Status status = CheckAudience("audiences", audience); !status.ok()) return status;
  }
  if (policy.role_arns.size() > kMaxPolicyRoles) {
    return Bad("role_arns", absl::StrCat(policy.role_arns.size()), absl::StrCat("at most ", kMaxPolicyRoles));
  }
  for (const std::string& arn : policy.role_arns) {
    if (!IsRoleArn(arn)) return Bad("role_arns", absl::StrCat(arn.size(), " bytes"), "20..2048 printable bytes");
  }
  return CheckAudience("default_audience", policy.default_audience);
}

absl::Status CheckIdentity(const IdentityClaims& id) {
  if (id.organization_id == 0) return Bad("organization_id", "0", "a number above 0");
  if (id.app_id == 0) return Bad("app_id", "0", "a number above 0");
  const struct { absl::string_view field; absl::Status status; } names[] = {
      {"organization_slug", CheckName(id.organization_slug, kMaxOrganizationSlugBytes)},
      {"app_name", CheckName(id.app_name, kMaxAppNameBytes)},
      {"machine_name", CheckName(id.machine_name, kMaxMachineNameBytes)},
      {"region", CheckName(id.region, kMaxRegionBytes)},
      {"machine_id", CheckMachineId(id.machine_id)},
      {"machine_version", CheckUlid(id.machine_version)},
      {"image", CheckImage(id.image)},
      {"image_digest", CheckImageDigest(id.image_digest)},
  };
  for (const auto& [field, status] : names) {
    if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat("placement ", field, ": ", status.message()));
  }
  return absl::OkStatus();
}

absl::Status CheckPlacement(const Placement& placement) {
  if (placement.key_id.size() != 16) return Bad("key_id", absl::StrCat(placement.key_id.size(), " bytes"), "16");
  if (absl::Status status = CheckIdentity(placement.identity); !status.ok()) return status;
  if (absl::Status status = CheckName(placement.worker, kMaxWorkerNameBytes); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("placement worker: ", status.message()));
  }
  if (placement.generation == 0) return Bad("generation", "0", "a number above 0");
  if (placement.not_before >= placement.expires) return Bad("expires", "not after not_before", "a later time");
  if (placement.expires - placement.not_before > kMaxPlacementLifetime) {
    return Bad("expires", absl::FormatDuration(placement.expires - placement.not_before),
               absl::StrCat("at most ", absl::FormatDuration(kMaxPlacementLifetime), " after not_before"));
  }
  return CheckPolicy(placement.policy);
}

PlacementPolicy PolicyFromProto(const pb::PlacementPolicy& proto) {
  return {.audiences = {proto.audiences().begin(), proto.audiences().end()},
          .any_audience = proto.any_audience(),
          .default_audience = proto.default_audience(),
          .role_arns = {proto.role_arns().begin(), proto.role_arns().end()},
          .aws_principal_tags = proto.aws_principal_tags()};
}

absl::StatusOr<Placement> PlacementFromProto(const pb::Placement& proto) {
  if (proto.format_version() != kFormatVersion) {
    return Bad("format_version", absl::StrCat(proto.format_version()), absl::StrCat(kFormatVersion));
  }
  const pb::PlacementPolicy::Subject subject = proto.policy().subject();
  if (subject != pb::PlacementPolicy::SUBJECT_MACHINE && subject != pb::PlacementPolicy::SUBJECT_APP) {
    return Bad("subject", absl::StrCat(subject), "1 (machine) or 2 (app)");
  }
  Placement placement{
      .key_id = proto.key_id(),
      .identity = {.organization_id = proto.organization_id(),
                   .organization_slug = proto.organization_slug(),
                   .app_id = proto.app_id(),
                   .app_name = proto.app_name(),
                   .machine_id = proto.machine_id(),
                   .machine_name = proto.machine_name(),
                   .machine_version = proto.machine_version(),
                   .image = proto.image(),
                   .image_digest = proto.image_digest(),
                   .region = proto.region(),
                   .subject_scope = subject == pb::PlacementPolicy::SUBJECT_APP ? SubjectScope::kApp
                                                                                : SubjectScope::kMachine},
      .worker = proto.worker(),
      .generation = proto.generation(),
      .not_before = absl::FromUnixSeconds(proto.not_before_unix()),
      .expires = absl::FromUnixSeconds(proto.expires_unix()),
      .policy = PolicyFromProto(proto.policy())};
  if (absl::Status status = CheckPlacement(placement); !status.ok()) return status;
  return placement;
}

pb::PlacementPolicy PolicyToProto(const Placement& placement) {
  pb::PlacementPolicy proto;
  const PlacementPolicy& policy = placement.policy;
  proto.mutable_audiences()->Assign(policy.audiences.begin(), policy.audiences.end());
  proto.set_any_audience(policy.any_audience);
  proto.set_default_audience(policy.default_audience);
  proto.set_subject(placement.identity.subject_scope == SubjectScope::kApp ? pb::PlacementPolicy::SUBJECT_APP
                                                                           : pb::PlacementPolicy::SUBJECT_MACHINE);
  proto.mutable_role_arns()->Assign(policy.role_arns.begin(), policy.role_arns.end());
  proto.set_aws_principal_tags(policy.aws_principal_tags);
  return proto;
}

pb::Placement PlacementToProto(const Placement& placement) {
  const IdentityClaims& id = placement.identity;
  pb::Placement proto;
  proto.set_format_version(kFormatVersion);
  proto.set_key_id(placement.key_id);
  proto.set_organization_id(id.organization_id);
  proto.set_organization_slug(id.organization_slug);
  proto.set_app_id(id.app_id);
  proto.set_app_name(id.app_name);
  proto.set_machine_id(id.machine_id);
  proto.set_machine_name(id.machine_name);
  proto.set_machine_version(id.machine_version);
  proto.set_image(id.image);
  proto.set_image_digest(id.image_digest);
  proto.set_region(id.region);
  proto.set_worker(placement.worker);
  proto.set_generation(placement.generation);
  proto.set_not_before_unix(absl::ToUnixSeconds(placement.not_before));
  proto.set_expires_unix(absl::ToUnixSeconds(placement.expires));
  *proto.mutable_policy() = PolicyToProto(placement);
  return proto;
}

}  // namespace

absl::StatusOr<UnverifiedPlacement> DecodePlacement(absl::string_view signed_placement) {
  if (signed_placement.size() > kMaxPlacementBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("placement: ", signed_placement.size(), " bytes, want at most ", kMaxPlacementBytes));
  }
  pb::SignedPlacement outer;
  if (!ParseCanonical(signed_placement, outer) || outer.signature().size() != 64) {
    return absl::InvalidArgumentError("placement: not a canonical SignedPlacement");
  }
  pb::Placement inner;
  if (!ParseCanonical(outer.payload(), inner)) {
    return absl::InvalidArgumentError("placement payload: not a canonical Placement");
  }
  absl::StatusOr<Placement> placement = PlacementFromProto(inner);
  if (!placement.ok()) return placement.status();
  return UnverifiedPlacement{*std::move(placement), outer.payload(), outer.signature()};
}

absl::StatusOr<VerifiedPlacement> VerifyPlacement(const UnverifiedPlacement& decoded, absl::string_view signed_placement,
                                                  absl::string_view spki_der) {
  if (SpkiKeyId(spki_der) != decoded.placement.key_id) {
    return absl::PermissionDeniedError(absl::StrCat("placement key_id: ", decoded.placement.key_id, ", key at hand is ",
                                                    SpkiKeyId(spki_der)));
  }
  const absl::Status held = VerifyEs256(spki_der, PlacementSigningInput(decoded.payload), decoded.signature);
  if (!held.ok()) return absl::Status(held.code(), absl::StrCat("placement ", held.message()));
  return VerifiedPlacement(decoded.placement, PlacementSha256(signed_placement));
}

absl::StatusOr<std::string> EncodePlacementPayload(const Placement& placement) {
  if (absl::Status status = CheckPlacement(placement); !status.ok()) return status;
  return SerializeCanonical(PlacementToProto(placement));
}

std::string AssembleSignedPlacement(absl::string_view payload, absl::string_view signature) {
  pb::SignedPlacement outer;
  outer.set_payload(std::string(payload));
  outer.set_signature(std::string(signature));
  return SerializeCanonical(outer);
}

std::string PlacementSigningInput(absl::string_view payload) {
  return absl::StrCat(absl::string_view("flyd-placement-v1\0", 18), payload);
}

std::string PlacementSha256(absl::string_view signed_placement) { return Sha256(signed_placement); }

}  // namespace tokensvc
