// A rooted flyd, with flyd's own certificate, against a real signer in front of a real PKCS#11 module.
#include "tests/signerd/rooted_flyd.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "proto/signer/v1/signer.pb.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/test_placement.h"
#include "tests/signerd/signer_under_attack.h"
#include "tests/signerd/soft_token.h"
#include "tests/signerd/test_authority.h"
#include "tokensvc/claims/identity_claims.h"
#include "tokensvc/placement/placement.h"
#include "tokensvc/signer/rules/sign_policy.h"

namespace tests {
namespace {

namespace pb = fly::signer::v1;
using tokensvc::FleetChange;
using tokensvc::SignRule;

SharedHsm& Shared() {
  static SharedHsm* const shared = new SharedHsm;
  return *shared;
}

std::vector<SignRule> AllBut(absl::string_view name) {
  std::vector<SignRule> rules;
  for (const SignRule& rule : tokensvc::AllSignRules()) {
    if (rule.name != name) rules.push_back(rule);
  }
  return rules;
}

// One signer, one rooted flyd, and what it sends: honest at first.
struct Duel {
  explicit Duel(std::vector<SignRule> rules = AllBut(""))
      : signer(Shared(), std::move(rules)),
        flyd(Shared().fleet, "w1", signer.address(), Shared().clock),
        now(signer.now()),
        placement(ExamplePlacement(signer.authority().key(), now)) {
    signer.ApplyHead(now - absl::Minutes(1), now + absl::Minutes(59));
    request.set_id(7);
    request.set_deadline_ms(2000);
  }

  pb::SignResult Ask() {
    const std::string bytes = SignPlacement(placement, strange_key ? stranger : signer.authority().key());
    pb::SignBatch batch;
    batch.add_placements(bytes);
    request.set_placement_sha256(tokensvc::PlacementSha256(bytes));
    request.set_identity_claims_sha256(tokensvc::IdentityClaimsDigest(claimed.value_or(placement.identity)));
    *batch.add_requests() = request;
    pb::SignBatchResult result;
    EXPECT_TRUE(flyd.Ask(batch, result));
    EXPECT_EQ(result.results_size(), 1);
    return result.results_size() == 1 ? result.results(0) : pb::SignResult();
  }

  SignerUnderAttack signer;
  RootedFlyd flyd;
  const absl::Time now;
  tokensvc::Placement placement;
  pb::SignRequest request;
  Es256TestKey stranger;
  bool strange_key = false;
  std::optional<tokensvc::IdentityClaims> claimed;  // the placement's, if absent
};

struct Attack {
  absl::string_view rule;  // the one that stops it
  pb::RefusalCode code;
  std::function<void(Duel&)> prepare;
};

tokensvc::OrganizationIssuer StoppedAcme() {
  tokensvc::OrganizationIssuer acme = TestAuthority::Acme();
  acme.state = tokensvc::IssuerState::kStopped;
  return acme;
}

// A placement of generation 1 that was good until the machine moved.
void ReplayAfterMove(Duel& d) {
  EXPECT_TRUE(d.Ask().has_token());
  d.signer.Apply({tokensvc::MachineFence{.machine_id = d.placement.identity.machine_id, .minimum_generation = 2}});
}

// The machine came back to this worker; the fence has not arrived here, the new placement has.
void ReplayAfterReturn(Duel& d) {
  d.placement.generation = 3;
  EXPECT_TRUE(d.Ask().has_token());
  d.placement.generation = 1;
}

std::vector<Attack> Attacks() {
  return {
      {"WorkerIsThePlacements", pb::WORKER_MISMATCH, [](Duel& d) { d.placement.worker = "w2"; }},
      {"PlacementHasNotEnded", pb::PLACEMENT_EXPIRED, [](Duel& d) { d.placement.expires = d.now; }},
      {"PlacementHasBegun", pb::PLACEMENT_NOT_YET_VALID,
       [](Duel& d) { d.placement.not_before = d.now + absl::Seconds(1); }},
      {"GenerationIsNotFenced", pb::GENERATION_FENCED, ReplayAfterMove},
      {"GenerationIsTheNewestServed", pb::GENERATION_REGRESSED, ReplayAfterReturn},
      {"SignatureHoldsUnderAKnownKey", pb::PLACEMENT_KEY_UNKNOWN,
       [](Duel& d) {
         d.strange_key = true;
         d.placement.key_id = d.stranger.key_id();
       }},
      {"SignatureHoldsUnderAKnownKey", pb::PLACEMENT_SIGNATURE, [](Duel& d) { d.strange_key = true; }},
      {"KeyIsNotRevoked", pb::PLACEMENT_KEY_REVOKED,
       [](Duel& d) {
         EXPECT_TRUE(d.Ask().has_token());
         d.signer.Apply({tokensvc::PlacementKeyFence{.key_id = d.signer.authority().key().key_id()}});
       }},
      {"ClaimsAreTheWorkersToo", pb::CLAIMS_MISMATCH,
       [](Duel& d) {
         d.claimed = d.placement.identity;
         d.claimed->machine_name = "m2";
       }},
      {"AudienceIsWithinPolicy", pb::AUDIENCE_NOT_ALLOWED,
       [](Duel& d) {
         d.placement.policy.any_audience = false;
         d.request.set_audience("https://vault.example");
       }},
      {"AudienceIsWellFormed", pb::AUDIENCE_INVALID, [](Duel& d) { d.request.set_audience(std::string(256, 'a')); }},
      {"RoleIsWithinPolicy", pb::ROLE_NOT_ALLOWED,
       [](Duel& d) { d.request.set_aws_role_arn("arn:aws:iam::123456789012:role/admin"); }},
      {"TagsAreWithinPolicy", pb::TAGS_NOT_ALLOWED, [](Duel& d) { d.request.set_aws_principal_tags(true); }},
      {"OrganizationIsActive", pb::ORGANIZATION_NOT_ACTIVE, [](Duel& d) { d.signer.Apply({StoppedAcme()}); }},
      {"OrganizationIsKnown", pb::ORGANIZATION_UNKNOWN,
       [](Duel& d) { d.placement.identity.organization_slug = "globex"; }},
      {"WorkerIsNotFenced", pb::WORKER_FENCED,
       [](Duel& d) { d.signer.Apply({tokensvc::WorkerFence{.worker = "w1", .not_before = d.now}}); }},
      {"ImageIsAllowed", pb::IMAGE_NOT_ALLOWED, [](Duel& d) { d.placement.identity.image = "host"; }},
      {"LeaseIsValid", pb::LEASE_EXPIRED, [](Duel& d) { d.signer.ApplyHead(d.now, d.now); }},
      {"ClockIsCertain", pb::CLOCK_UNCERTAIN, [](Duel& d) { d.signer.SetClockError(absl::Seconds(2)); }},
      {"FieldsAreInBounds", pb::REQUEST_MALFORMED, [](Duel& d) { d.request.set_deadline_ms(60'000); }},
  };
}

TEST(RootedFlydTest, AnHonestRequestIsSignedAndLogged) {
  Duel duel;
  const uint64_t before = SoftToken::uses();
  const pb::SignResult result = duel.Ask();
  ASSERT_TRUE(result.has_token()) << result.ShortDebugString();
  EXPECT_EQ(result.id(), 7u);
  EXPECT_EQ(SoftToken::uses(), before + 1);
  const std::vector<tokensvc::SignatureRow> log = duel.signer.EndAndReadLog();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].record.code, 0);
  EXPECT_EQ(log[0].record.jti, result.token().jti());
  EXPECT_EQ(log[0].record.worker, "w1");
}

TEST(RootedFlydTest, EachAttackIsRefusedWithItsOwnCodeAndLoggedAndTheKeyIsNotUsed) {
  for (const Attack& attack : Attacks()) {
    Duel duel;
    attack.prepare(duel);
    const uint64_t before = SoftToken::uses();
    const pb::SignResult result = duel.Ask();
    EXPECT_EQ(result.refusal().code(), attack.code) << attack.rule << ": " << result.refusal().message();
    EXPECT_EQ(SoftToken::uses(), before) << attack.rule;
    const std::vector<tokensvc::SignatureRow> log = duel.signer.EndAndReadLog();
    ASSERT_FALSE(log.empty()) << attack.rule;
    EXPECT_EQ(log.back().record.code, attack.code) << attack.rule;
    EXPECT_EQ(log.back().record.worker, "w1");
    EXPECT_EQ(log.back().record.jti, "");
  }
}

// Mutation: without its rule, each attack ends with a token.
TEST(RootedFlydTest, RemovingTheRuleLetsItsAttackThrough) {
  for (const Attack& attack : Attacks()) {
    Duel duel(AllBut(attack.rule));
    attack.prepare(duel);
    const uint64_t before = SoftToken::uses();
    EXPECT_TRUE(duel.Ask().has_token()) << attack.rule;
    EXPECT_EQ(SoftToken::uses(), before + 1) << attack.rule;
  }
}

TEST(RootedFlydTest, APlacementAlteredInAnyByteIsRefused) {
  constexpr size_t kBatch = 32;
  Duel duel;
  const std::string good = SignPlacement(duel.placement, duel.signer.authority().key());
  const std::set<int> codes = {pb::PLACEMENT_MALFORMED, pb::PLACEMENT_SIGNATURE, pb::PLACEMENT_KEY_UNKNOWN};
  duel.request.set_identity_claims_sha256(tokensvc::IdentityClaimsDigest(duel.placement.identity));
  const uint64_t before = SoftToken::uses();
  for (size_t first = 0; first < good.size(); first += kBatch) {
    pb::SignBatch batch;
    for (size_t i = first; i < std::min(first + kBatch, good.size()); ++i) {
      std::string altered = good;
      altered[i] ^= 1;
      *batch.add_placements() = altered;
      duel.request.set_placement_sha256(tokensvc::PlacementSha256(altered));
      *batch.add_requests() = duel.request;
    }
    pb::SignBatchResult result;
    ASSERT_TRUE(duel.flyd.Ask(batch, result));
    ASSERT_EQ(result.results_size(), batch.requests_size());
    for (const pb::SignResult& one : result.results()) EXPECT_TRUE(codes.contains(one.refusal().code())) << first;
  }
  EXPECT_EQ(SoftToken::uses(), before);
  EXPECT_EQ(duel.signer.EndAndReadLog().size(), good.size());
}

TEST(RootedFlydTest, APlacementThatWasNeverSentIsUnknown) {
  Duel duel;
  pb::SignBatch batch;
  *batch.add_requests() = duel.request;
  pb::SignBatchResult result;
  ASSERT_TRUE(duel.flyd.Ask(batch, result));
  EXPECT_EQ(result.results(0).refusal().code(), pb::PLACEMENT_UNKNOWN);
}

TEST(RootedFlydTest, AMessageThatIsNoSignBatchEndsTheStreamAndIsLogged) {
  pb::SignResult other;
  other.set_id(7);
  other.mutable_token()->set_token("a digest to sign");
  for (const std::string& message : {std::string("\xff\xff\xff"), std::string(32, 'd'), other.SerializeAsString()}) {
    Duel duel;
    const uint64_t before = SoftToken::uses();
    EXPECT_EQ(duel.flyd.SendBytes(message), "3 REQUEST_MALFORMED");
    EXPECT_EQ(SoftToken::uses(), before);
    const std::vector<tokensvc::SignatureRow> log = duel.signer.EndAndReadLog();
    ASSERT_EQ(log.size(), 1u);
    EXPECT_EQ(log[0].record.code, pb::REQUEST_MALFORMED);
    EXPECT_EQ(log[0].record.worker, "w1");
  }
}

TEST(RootedFlydTest, AnHsmThatDoesNotAnswerRefusesAndRecovers) {
  Duel duel;
  Shared().soft.SetDead(true);
  const pb::SignResult refused = duel.Ask();
  Shared().soft.SetDead(false);
  EXPECT_EQ(refused.refusal().code(), pb::KEY_UNAVAILABLE);
  EXPECT_GT(refused.refusal().retry_after_ms(), 0u);
  EXPECT_TRUE(duel.Ask().has_token());
}

}  // namespace
}  // namespace tests
