#include "tokensvc/signer/rules/sign_policy.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/test_placement.h"
#include "tests/signerd/test_authority.h"
#include "tests/status_matchers.h"
#include "tokensvc/fleetlog/fleet_log_entry.h"

namespace tokensvc {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr char kRole[] = "arn:aws:iam::123456789012:role/web";

// All that a judgement is made of, honest at first; an attack changes what it needs.
struct Scene {
  tests::TestAuthority authority{kNow};
  tests::Es256TestKey stranger;
  Placement placement = tests::ExamplePlacement(authority.key(), kNow);
  bool signed_by_stranger = false;
  std::vector<FleetChange> changes;        // after the first entries, before the placement is examined
  std::vector<FleetChange> later_changes;  // after it
  FleetHead head{.issued = kNow - absl::Minutes(1), .expires = kNow + absl::Minutes(59)};
  SignRequest request{.id = 1, .time_left = absl::Seconds(2)};
  bool other_claims = false;
  PeerIdentity peer{.role = Role::kWorker, .name = "w1", .certificate_not_before = kNow - absl::Hours(1)};
  absl::Duration clock_error;
  absl::Duration waited;
  uint64_t served_generation = 0;

  FleetSnapshot fleet;

  void Apply(const std::string& entry) {
    const absl::StatusOr<VerifiedFleetLogEntry> verified = VerifyFleetLogEntry(entry, authority.key().spki_der());
    ASSERT_THAT(verified, tests::IsOk());
    ASSERT_THAT(fleet.state.Apply(*verified), tests::IsOk());
  }

  std::variant<Refusal, TokenClaims> Judge(absl::Span<const SignRule> rules) {
    for (const std::string& entry : authority.entries()) Apply(entry);
    for (const FleetChange& change : changes) Apply(authority.Append(change));
    const std::string bytes = tests::SignPlacement(placement, signed_by_stranger ? stranger : authority.key());
    const std::shared_ptr<const PlacementEvidence> evidence = ExaminePlacement(bytes, fleet.state);
    for (const FleetChange& change : later_changes) Apply(authority.Append(change));
    fleet.head = head;
    request.placement_sha256 = evidence->sha256;
    if (request.identity_claims_sha256.empty()) request.identity_claims_sha256 = evidence->identity_claims_sha256;
    if (other_claims) request.identity_claims_sha256[7] ^= 1;
    return JudgeSignRequest({.request = request,
                             .evidence = *evidence,
                             .placement = *evidence->placement,
                             .fleet = fleet,
                             .peer = peer,
                             .now = kNow,
                             .clock_error = clock_error,
                             .waited = waited,
                             .served_generation = served_generation},
                            rules, "00000000-0000-4000-8000-000000000000");
  }
};

struct Attack {
  absl::string_view rule;  // the one that stops it
  RefusalCode code;
  std::function<void(Scene&)> prepare;
};

OrganizationIssuer Stopped() {
  OrganizationIssuer acme = tests::TestAuthority::Acme();
  acme.state = IssuerState::kStopped;
  return acme;
}

FleetSettings WithKey(Scene& s, const std::function<void(PlacementKey&)>& change) {
  FleetSettings settings = s.authority.Settings();
  change(settings.placement_keys[0]);
  return settings;
}

FleetSettings WithAnotherKeyOnly(Scene& s) {
  return WithKey(s, [&](PlacementKey& key) {
    key.key_id = s.stranger.key_id();
    key.spki_der = s.stranger.spki_der();
  });
}

std::vector<Attack> AttacksFromAuthority() {
  return {
      {"LeaseIsValid", RefusalCode::kLeaseExpired, [](Scene& s) { s.head.expires = kNow; }},
      {"SignatureHoldsUnderAKnownKey", RefusalCode::kPlacementSignature, [](Scene& s) { s.signed_by_stranger = true; }},
      {"SignatureHoldsUnderAKnownKey", RefusalCode::kPlacementKeyUnknown,
       [](Scene& s) {
         s.signed_by_stranger = true;
         s.placement.key_id = s.stranger.key_id();
       }},
      {"KeyIsStillListed", RefusalCode::kPlacementKeyUnknown,
       [](Scene& s) { s.later_changes.push_back(WithAnotherKeyOnly(s)); }},
      {"KeyIsForTheOrganization", RefusalCode::kPlacementKeyUnknown,
       [](Scene& s) { s.changes.push_back(WithKey(s, [](PlacementKey& key) { key.organization_ids = {12}; })); }},
      {"KeyIsInItsTime", RefusalCode::kPlacementKeyUnknown,
       [](Scene& s) { s.changes.push_back(WithKey(s, [](PlacementKey& key) { key.valid_until = kNow - absl::Hours(2); })); }},
      {"KeyIsNotRevoked", RefusalCode::kPlacementKeyRevoked,
       [](Scene& s) { s.later_changes.push_back(PlacementKeyFence{.key_id = s.authority.key().key_id()}); }},
      {"PlacementHasBegun", RefusalCode::kPlacementNotYetValid,
       [](Scene& s) { s.placement.not_before = kNow + absl::Seconds(1); }},
      {"PlacementHasNotEnded", RefusalCode::kPlacementExpired, [](Scene& s) { s.placement.expires = kNow; }},
      {"WorkerIsThePlacements", RefusalCode::kWorkerMismatch, [](Scene& s) { s.placement.worker = "w2"; }},
      {"WorkerIsNotFenced", RefusalCode::kWorkerFenced,
       [](Scene& s) { s.changes.push_back(WorkerFence{.worker = "w1", .not_before = kNow - absl::Minutes(1)}); }},
      {"GenerationIsNotFenced", RefusalCode::kGenerationFenced,
       [](Scene& s) {
         s.later_changes.push_back(
             MachineFence{.machine_id = s.placement.identity.machine_id, .minimum_generation = 2});
       }},
      {"GenerationIsTheNewestServed", RefusalCode::kGenerationRegressed, [](Scene& s) { s.served_generation = 2; }},
      {"OrganizationIsKnown", RefusalCode::kOrganizationUnknown,
       [](Scene& s) { s.placement.identity.organization_id = 12; }},
      {"OrganizationIsKnown", RefusalCode::kOrganizationUnknown,
       [](Scene& s) { s.placement.identity.organization_slug = "globex"; }},
      {"OrganizationIsActive", RefusalCode::kOrganizationNotActive, [](Scene& s) { s.changes.push_back(Stopped()); }},
      {"ImageIsAllowed", RefusalCode::kImageNotAllowed, [](Scene& s) { s.placement.identity.image = "host"; }},
  };
}

std::vector<Attack> AttacksFromRequest() {
  return {
      {"ClockIsCertain", RefusalCode::kClockUncertain, [](Scene& s) { s.clock_error = absl::Milliseconds(1001); }},
      {"FieldsAreInBounds", RefusalCode::kRequestMalformed, [](Scene& s) { s.request.trace_id = "not hex"; }},
      {"FieldsAreInBounds", RefusalCode::kRequestMalformed, [](Scene& s) { s.request.time_left = absl::Hours(1); }},
      {"ClaimsAreTheWorkersToo", RefusalCode::kClaimsMismatch, [](Scene& s) { s.other_claims = true; }},
      {"AudienceIsWellFormed", RefusalCode::kAudienceInvalid, [](Scene& s) { s.request.audience = "a\nb"; }},
      {"AudienceIsWellFormed", RefusalCode::kAudienceInvalid,
       [](Scene& s) { s.request.audience = std::string(256, 'a'); }},
      {"AudienceIsWithinPolicy", RefusalCode::kAudienceNotAllowed,
       [](Scene& s) {
         s.placement.policy.any_audience = false;
         s.placement.policy.audiences = {"https://vault.example"};
         s.request.audience = "https://vault.example/";
       }},
      {"RoleIsWithinPolicy", RefusalCode::kRoleNotAllowed, [](Scene& s) { s.request.aws_role_arn = kRole; }},
      {"TagsAreWithinPolicy", RefusalCode::kTagsNotAllowed, [](Scene& s) { s.request.aws_principal_tags = true; }},
      {"TimeIsLeft", RefusalCode::kDeadlineExceeded, [](Scene& s) { s.waited = absl::Seconds(2); }},
  };
}

std::vector<Attack> Attacks() {
  std::vector<Attack> all = AttacksFromAuthority();
  for (Attack& attack : AttacksFromRequest()) all.push_back(std::move(attack));
  return all;
}

std::vector<SignRule> AllBut(absl::string_view name) {
  std::vector<SignRule> rules;
  for (const SignRule& rule : AllSignRules()) {
    if (rule.name != name) rules.push_back(rule);
  }
  return rules;
}

TEST(SignPolicyTest, AnHonestRequestGetsThePlacementsClaims) {
  Scene scene;
  scene.placement.policy.role_arns = {kRole};
  scene.request.aws_role_arn = kRole;
  const std::variant<Refusal, TokenClaims> judged = scene.Judge(AllSignRules());
  const TokenClaims* claims = std::get_if<TokenClaims>(&judged);
  ASSERT_NE(claims, nullptr) << std::get<Refusal>(judged).message;
  EXPECT_EQ(claims->issuer, "https://oidc.example/acme");
  EXPECT_EQ(claims->audience, "https://fly.example/acme");
  EXPECT_EQ(claims->identity.machine_id, "148e21ea7e46e8");
  EXPECT_EQ(claims->aws_role_arn, kRole);
  EXPECT_EQ(claims->signed_at, kNow);
}

TEST(SignPolicyTest, EachAttackIsRefusedWithItsOwnCode) {
  for (const Attack& attack : Attacks()) {
    Scene scene;
    attack.prepare(scene);
    const std::variant<Refusal, TokenClaims> judged = scene.Judge(AllSignRules());
    const Refusal* refusal = std::get_if<Refusal>(&judged);
    ASSERT_NE(refusal, nullptr) << attack.rule;
    EXPECT_EQ(refusal->code, attack.code) << attack.rule << ": " << refusal->message;
  }
}

// Mutation: with any one rule taken out of the table, the attack that it stops goes through.
TEST(SignPolicyTest, EveryRuleIsNeeded) {
  std::set<absl::string_view> needed;
  for (const Attack& attack : Attacks()) {
    Scene scene;
    attack.prepare(scene);
    const std::variant<Refusal, TokenClaims> judged = scene.Judge(AllBut(attack.rule));
    EXPECT_TRUE(std::holds_alternative<TokenClaims>(judged))
        << attack.rule << ": " << std::get<Refusal>(judged).message;
    needed.insert(attack.rule);
  }
  for (const SignRule& rule : AllSignRules()) EXPECT_TRUE(needed.contains(rule.name)) << rule.name;
}

TEST(SignPolicyTest, AHeadFromTheFutureIsNoLease) {
  Scene scene;
  scene.head.issued = kNow + absl::Seconds(6);  // ahead of the clock by more than the skew allowed
  const std::variant<Refusal, TokenClaims> judged = scene.Judge(AllSignRules());
  ASSERT_TRUE(std::holds_alternative<Refusal>(judged));
  EXPECT_EQ(std::get<Refusal>(judged).code, RefusalCode::kLeaseExpired);
}

}  // namespace
}  // namespace tokensvc
