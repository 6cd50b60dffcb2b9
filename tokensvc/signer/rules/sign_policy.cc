#include "tokensvc/signer/rules/sign_policy.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tokensvc/limits.h"
#include "tokensvc/names.h"

namespace tokensvc {
namespace {

using Finding = std::optional<Refusal>;

// The least time after which it is worth asking again where the cause is expected to pass.
constexpr absl::Duration kSoon = absl::Seconds(1);

Refusal Refuse(RefusalCode code, absl::string_view subject, absl::string_view found, absl::string_view want,
               absl::Duration retry_after = absl::ZeroDuration()) {
  return {.code = code, .message = absl::StrCat(subject, ": ", found, ", want ", want), .retry_after = retry_after};
}

const OrganizationIssuer* IssuerOf(const SignCase& c) {
  return c.fleet.state.FindOrganization(c.placement.identity.organization_id);
}

const PlacementKey* KeyOf(const SignCase& c) { return c.fleet.state.FindPlacementKey(c.placement.key_id); }

absl::string_view AudienceOf(const SignCase& c) {
  return c.request.audience.empty() ? c.placement.policy.default_audience : c.request.audience;
}

bool IsTraceId(absl::string_view id) {
  const auto is_hex = [](char c) { return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f'); };
  return id.empty() || (id.size() == 32 && std::all_of(id.begin(), id.end(), is_hex));
}

Finding LeaseIsValid(const SignCase& c) {
  if (HoldsLease(c.fleet, c.now)) return std::nullopt;
  return Refuse(RefusalCode::kLeaseExpired, "signing lease", c.fleet.head.has_value() ? "not of this time" : "none",
                "a valid head of the fleet log", kSoon);
}

Finding ClockIsCertain(const SignCase& c) {
  if (c.clock_error <= kMaxClockError) return std::nullopt;
  return Refuse(RefusalCode::kClockUncertain, "clock error bound", absl::FormatDuration(c.clock_error),
                absl::StrCat("at most ", absl::FormatDuration(kMaxClockError)), kSoon);
}

Finding FieldsAreInBounds(const SignCase& c) {
  if (c.request.identity_claims_sha256.size() != 32) {
    return Refuse(RefusalCode::kRequestMalformed, "identity_claims_sha256",
                  absl::StrCat(c.request.identity_claims_sha256.size(), " bytes"), "32");
  }
  if (c.request.time_left < absl::Milliseconds(1) || c.request.time_left > kBootSignDeadline) {
    return Refuse(RefusalCode::kRequestMalformed, "deadline_ms",
                  absl::StrCat(absl::ToInt64Milliseconds(c.request.time_left)), "1..10000");
  }
  if (!IsTraceId(c.request.trace_id)) {
    return Refuse(RefusalCode::kRequestMalformed, "trace_id", absl::StrCat(c.request.trace_id.size(), " bytes"),
                  "32 hex digits or none");
  }
  return std::nullopt;
}

Finding SignatureHoldsUnderAKnownKey(const SignCase& c) {
  if (c.evidence.verified.has_value()) return std::nullopt;
  return c.evidence.fault;
}

Finding KeyIsForTheOrganization(const SignCase& c) {
  const PlacementKey* key = KeyOf(c);
  const uint64_t organization = c.placement.identity.organization_id;
  if (key == nullptr || key->organization_ids.empty() ||
      std::find(key->organization_ids.begin(), key->organization_ids.end(), organization) !=
          key->organization_ids.end()) {
    return std::nullopt;
  }
  return Refuse(RefusalCode::kPlacementKeyUnknown, absl::StrCat("placement key ", c.placement.key_id),
                absl::StrCat("organization ", organization), "one of its own");
}

Finding KeyIsInItsTime(const SignCase& c) {
  const PlacementKey* key = KeyOf(c);
  if (key == nullptr || (key->valid_from <= c.placement.not_before && c.placement.not_before < key->valid_until)) {
    return std::nullopt;
  }
  return Refuse(RefusalCode::kPlacementKeyUnknown, absl::StrCat("placement key ", c.placement.key_id),
                "a placement from outside its time", "one from within");
}

// A verified placement may be older than the settings: its key may have left the fleet document since.
Finding KeyIsStillListed(const SignCase& c) {
  if (!c.evidence.verified.has_value() || KeyOf(c) != nullptr) return std::nullopt;
  return Refuse(RefusalCode::kPlacementKeyUnknown, absl::StrCat("placement key ", c.placement.key_id),
                "no longer in the fleet document", "a key of it");
}

Finding KeyIsNotRevoked(const SignCase& c) {
  if (!c.fleet.state.IsPlacementKeyRevoked(c.placement.key_id)) return std::nullopt;
  return Refuse(RefusalCode::kPlacementKeyRevoked, absl::StrCat("placement key ", c.placement.key_id), "revoked",
                "one that no fence forbids");
}

Finding PlacementHasBegun(const SignCase& c) {
  if (c.placement.not_before <= c.now) return std::nullopt;
  return Refuse(RefusalCode::kPlacementNotYetValid, "placement not_before", absl::FormatTime(c.placement.not_before),
                "not after now");
}

Finding PlacementHasNotEnded(const SignCase& c) {
  if (c.now < c.placement.expires) return std::nullopt;
  return Refuse(RefusalCode::kPlacementExpired, "placement expires", absl::FormatTime(c.placement.expires),
                "after now");
}

Finding WorkerIsThePlacements(const SignCase& c) {
  if (c.placement.worker == c.peer.name) return std::nullopt;
  return Refuse(RefusalCode::kWorkerMismatch, absl::StrCat("machine ", c.placement.identity.machine_id),
                absl::StrCat("placed on ", c.placement.worker), absl::StrCat("worker ", c.peer.name));
}

Finding WorkerIsNotFenced(const SignCase& c) {
  const absl::Time fence = c.fleet.state.WorkerNotBefore(c.peer.name);
  if (c.peer.certificate_not_before >= fence) return std::nullopt;
  return Refuse(RefusalCode::kWorkerFenced, absl::StrCat("worker ", c.peer.name),
                absl::StrCat("certificate from ", absl::FormatTime(c.peer.certificate_not_before)),
                absl::StrCat("one from ", absl::FormatTime(fence), " or later"));
}

Finding GenerationIsNotFenced(const SignCase& c) {
  const uint64_t minimum = c.fleet.state.MinimumGeneration(c.placement.identity.machine_id);
  if (c.placement.generation >= minimum) return std::nullopt;
  return Refuse(RefusalCode::kGenerationFenced, absl::StrCat("machine ", c.placement.identity.machine_id, " generation"),
                absl::StrCat(c.placement.generation), absl::StrCat("at least ", minimum));
}

Finding GenerationIsTheNewestServed(const SignCase& c) {
  if (c.placement.generation >= c.served_generation) return std::nullopt;
  return Refuse(RefusalCode::kGenerationRegressed,
                absl::StrCat("machine ", c.placement.identity.machine_id, " generation"),
                absl::StrCat(c.placement.generation), absl::StrCat("at least ", c.served_generation, ", served before"));
}

Finding OrganizationIsKnown(const SignCase& c) {
  const OrganizationIssuer* issuer = IssuerOf(c);
  const IdentityClaims& id = c.placement.identity;
  if (issuer != nullptr && issuer->slug == id.organization_slug) return std::nullopt;
  return Refuse(RefusalCode::kOrganizationUnknown, absl::StrCat("organization ", id.organization_id),
                absl::StrCat("slug ", id.organization_slug), issuer == nullptr ? "one of the fleet" : issuer->slug);
}

Finding OrganizationIsActive(const SignCase& c) {
  const OrganizationIssuer* issuer = IssuerOf(c);
  if (issuer == nullptr || issuer->state == IssuerState::kActive) return std::nullopt;
  return Refuse(RefusalCode::kOrganizationNotActive, absl::StrCat("organization ", issuer->slug), "stopped", "active");
}

Finding ImageIsAllowed(const SignCase& c) {
  const OrganizationIssuer* issuer = IssuerOf(c);
  if (c.placement.identity.image != "host" || (issuer != nullptr && issuer->development)) return std::nullopt;
  return Refuse(RefusalCode::kImageNotAllowed, absl::StrCat("organization ", c.placement.identity.organization_slug),
                "image host", "a fetched image, outside development");
}

Finding ClaimsAreTheWorkersToo(const SignCase& c) {
  if (c.request.identity_claims_sha256 == c.evidence.identity_claims_sha256) return std::nullopt;
  return Refuse(RefusalCode::kClaimsMismatch, "identity_claims_sha256", "another digest", "that of the placement's claims");
}

Finding AudienceIsWellFormed(const SignCase& c) {
  if (c.request.audience.empty() || IsAudience(c.request.audience)) return std::nullopt;
  return Refuse(RefusalCode::kAudienceInvalid, "audience", absl::StrCat(c.request.audience.size(), " bytes"),
                "1..255 bytes without control characters");
}

Finding AudienceIsWithinPolicy(const SignCase& c) {
  const PlacementPolicy& policy = c.placement.policy;
  const absl::string_view audience = AudienceOf(c);
  if (policy.any_audience || audience == policy.default_audience ||
      std::find(policy.audiences.begin(), policy.audiences.end(), audience) != policy.audiences.end()) {
    return std::nullopt;
  }
  return Refuse(RefusalCode::kAudienceNotAllowed, "audience", "not in the placement's policy", "one of it");
}

Finding RoleIsWithinPolicy(const SignCase& c) {
  const std::vector<std::string>& allowed = c.placement.policy.role_arns;
  if (c.request.aws_role_arn.empty() ||
      std::find(allowed.begin(), allowed.end(), c.request.aws_role_arn) != allowed.end()) {
    return std::nullopt;
  }
  return Refuse(RefusalCode::kRoleNotAllowed, "aws_role_arn", "not in the placement's policy", "one of it");
}

Finding TagsAreWithinPolicy(const SignCase& c) {
  if (!c.request.aws_principal_tags || c.placement.policy.aws_principal_tags) return std::nullopt;
  return Refuse(RefusalCode::kTagsNotAllowed, "aws_principal_tags", "true", "false by the placement's policy");
}

Finding TimeIsLeft(const SignCase& c) {
  if (c.waited < c.request.time_left) return std::nullopt;
  return Refuse(RefusalCode::kDeadlineExceeded, "deadline", "passed", "time left", kSoon);
}

constexpr SignRule kRules[] = {
    {"LeaseIsValid", LeaseIsValid},
    {"ClockIsCertain", ClockIsCertain},
    {"FieldsAreInBounds", FieldsAreInBounds},
    {"SignatureHoldsUnderAKnownKey", SignatureHoldsUnderAKnownKey},
    {"KeyIsStillListed", KeyIsStillListed},
    {"KeyIsForTheOrganization", KeyIsForTheOrganization},
    {"KeyIsInItsTime", KeyIsInItsTime},
    {"KeyIsNotRevoked", KeyIsNotRevoked},
    {"PlacementHasBegun", PlacementHasBegun},
    {"PlacementHasNotEnded", PlacementHasNotEnded},
    {"WorkerIsThePlacements", WorkerIsThePlacements},
    {"WorkerIsNotFenced", WorkerIsNotFenced},
    {"GenerationIsNotFenced", GenerationIsNotFenced},
    {"GenerationIsTheNewestServed", GenerationIsTheNewestServed},
    {"OrganizationIsKnown", OrganizationIsKnown},
    {"OrganizationIsActive", OrganizationIsActive},
    {"ImageIsAllowed", ImageIsAllowed},
    {"ClaimsAreTheWorkersToo", ClaimsAreTheWorkersToo},
    {"AudienceIsWellFormed", AudienceIsWellFormed},
    {"AudienceIsWithinPolicy", AudienceIsWithinPolicy},
    {"RoleIsWithinPolicy", RoleIsWithinPolicy},
    {"TagsAreWithinPolicy", TagsAreWithinPolicy},
    {"TimeIsLeft", TimeIsLeft},
};

}  // namespace

bool HoldsLease(const FleetSnapshot& fleet, absl::Time now) {
  return fleet.head.has_value() && fleet.head->issued - kHeadSkew <= now && now < fleet.head->expires;
}

absl::Span<const SignRule> AllSignRules() { return kRules; }

std::variant<Refusal, TokenClaims> JudgeSignRequest(const SignCase& c, absl::Span<const SignRule> rules,
                                                    absl::string_view jti) {
  for (const SignRule& rule : rules) {
    if (Finding refused = rule.check(c); refused.has_value()) return *std::move(refused);
  }
  const std::optional<FleetSettings>& settings = c.fleet.state.settings();
  const std::string issuer_base = settings.has_value() ? settings->issuer_base : "";
  return TokenClaims{.identity = c.placement.identity,
                     .issuer = absl::StrCat(issuer_base, "/", c.placement.identity.organization_slug),
                     .audience = std::string(AudienceOf(c)),
                     .jti = std::string(jti),
                     .signed_at = c.now,
                     .aws_principal_tags = c.request.aws_principal_tags,
                     .aws_role_arn = c.request.aws_role_arn};
}

}  // namespace tokensvc
