#include "tokensvc/fleetlog/fleet_state.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/status_matchers.h"

namespace tokensvc {
namespace {

using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class FleetStateTest : public testing::Test {
 protected:
  std::string Sign(FleetChange change, uint64_t number, const std::string& previous) {
    const absl::StatusOr<std::string> payload = EncodeFleetLogPayload({.key_id = key_.key_id(),
                                                                       .number = number,
                                                                       .previous_sha256 = previous,
                                                                       .appended_at = kNow,
                                                                       .change = std::move(change)});
    EXPECT_THAT(payload, tests::IsOk());
    return AssembleSignedFleetLogEntry(*payload, key_.Sign(FleetLogSigningInput(*payload)));
  }

  // Appends the next entry of the chain.
  absl::Status Apply(FleetChange change) {
    const absl::StatusOr<VerifiedFleetLogEntry> entry =
        VerifyFleetLogEntry(Sign(std::move(change), state_.number() + 1, state_.sha256()), key_.spki_der());
    if (!entry.ok()) return entry.status();
    return state_.Apply(*entry);
  }

  OrganizationIssuer Acme() { return {.organization_id = 11, .slug = "acme"}; }

  tests::Es256TestKey key_;
  FleetState state_;
};

TEST_F(FleetStateTest, EntriesFoldIntoTheFleetDocument) {
  ASSERT_THAT(Apply(FleetSettings{.fleet = "f", .issuer_base = "https://i", .audience_base = "https://a"}),
              tests::IsOk());
  ASSERT_THAT(Apply(Acme()), tests::IsOk());
  EXPECT_EQ(state_.number(), 2u);
  EXPECT_EQ(state_.settings()->issuer_base, "https://i");
  ASSERT_NE(state_.FindOrganization(11), nullptr);
  EXPECT_EQ(state_.FindOrganization(11)->slug, "acme");
  EXPECT_EQ(state_.FindOrganization(12), nullptr);
}

TEST_F(FleetStateTest, AGapOrARepeatedNumberIsRefused) {
  ASSERT_THAT(Apply(Acme()), tests::IsOk());
  for (const uint64_t number : {uint64_t{1}, uint64_t{3}}) {
    const auto entry = VerifyFleetLogEntry(Sign(Acme(), number, state_.sha256()), key_.spki_der());
    ASSERT_THAT(entry, tests::IsOk());
    EXPECT_THAT(state_.Apply(*entry), tests::StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("want 2")));
  }
}

TEST_F(FleetStateTest, AnotherBranchIsRefused) {
  ASSERT_THAT(Apply(Acme()), tests::IsOk());
  const auto entry = VerifyFleetLogEntry(Sign(Acme(), 2, std::string(32, 'x')), key_.spki_der());
  ASSERT_THAT(entry, tests::IsOk());
  EXPECT_THAT(state_.Apply(*entry), tests::StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("previous")));
}

TEST_F(FleetStateTest, ASlugNeverNamesTwoOrganizations) {
  OrganizationIssuer deleted = Acme();
  deleted.state = IssuerState::kDeleted;
  ASSERT_THAT(Apply(deleted), tests::IsOk());
  OrganizationIssuer second = Acme();
  second.organization_id = 12;
  EXPECT_THAT(Apply(second), tests::StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("slug acme")));
  EXPECT_THAT(Apply(Acme()), tests::StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("deleted")));
}

TEST_F(FleetStateTest, SlugAlgorithmAndEpochNeverGoBack) {
  OrganizationIssuer issuer = Acme();
  issuer.epoch = 2;
  ASSERT_THAT(Apply(issuer), tests::IsOk());
  OrganizationIssuer renamed = issuer;
  renamed.slug = "other";
  EXPECT_FALSE(Apply(renamed).ok());
  OrganizationIssuer changed = issuer;
  changed.algorithm = SigningAlgorithm::kEs256;
  EXPECT_FALSE(Apply(changed).ok());
  OrganizationIssuer older = issuer;
  older.epoch = 1;
  EXPECT_FALSE(Apply(older).ok());
  EXPECT_EQ(state_.number(), 1u);
}

TEST_F(FleetStateTest, FencesOnlyRise) {
  ASSERT_THAT(Apply(MachineFence{"148e21ea7e46e8", 5}), tests::IsOk());
  ASSERT_THAT(Apply(MachineFence{"148e21ea7e46e8", 3}), tests::IsOk());
  EXPECT_EQ(state_.MinimumGeneration("148e21ea7e46e8"), 5u);
  EXPECT_EQ(state_.MinimumGeneration("00000000000000"), 0u);
  ASSERT_THAT(Apply(WorkerFence{"w1", kNow}), tests::IsOk());
  ASSERT_THAT(Apply(WorkerFence{"w1", kNow - absl::Hours(1)}), tests::IsOk());
  EXPECT_EQ(state_.WorkerNotBefore("w1"), kNow);
  EXPECT_EQ(state_.WorkerNotBefore("w2"), absl::InfinitePast());
  ASSERT_THAT(Apply(PlacementKeyFence{"0123456789abcdef"}), tests::IsOk());
  EXPECT_TRUE(state_.IsPlacementKeyRevoked("0123456789abcdef"));
}

TEST_F(FleetStateTest, EntriesOfAnotherKeyOrAlteredInAnyByteAreRefused) {
  const std::string bytes = Sign(Acme(), 1, state_.sha256());
  const tests::Es256TestKey other;
  EXPECT_THAT(VerifyFleetLogEntry(bytes, other.spki_der()), tests::StatusIs(absl::StatusCode::kPermissionDenied));
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string altered = bytes;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_FALSE(VerifyFleetLogEntry(altered, key_.spki_der()).ok()) << "byte " << i;
  }
}

TEST_F(FleetStateTest, AHeadIsNotAnEntryNorAnEntryAHead) {
  const std::string payload =
      EncodeFleetHeadPayload({.key_id = key_.key_id(), .number = 1, .entry_sha256 = std::string(32, 'x')});
  const std::string head = AssembleSignedFleetHead(payload, key_.Sign(FleetHeadSigningInput(payload)));
  EXPECT_THAT(VerifyFleetHead(head, key_.spki_der()), tests::IsOk());
  EXPECT_FALSE(VerifyFleetLogEntry(head, key_.spki_der()).ok());
  EXPECT_FALSE(VerifyFleetHead(Sign(Acme(), 1, state_.sha256()), key_.spki_der()).ok());
}

TEST(KeyStateTest, IsAPureFunctionOfSlotAndClock) {
  const KeySlot slot{.published = kNow,
                     .signing = kNow + absl::Hours(24),
                     .stopped = kNow + absl::Hours(48),
                     .removed = kNow + absl::Hours(72)};
  EXPECT_EQ(KeyStateAt(slot, kNow - absl::Nanoseconds(1)), KeyState::kUnpublished);
  EXPECT_EQ(KeyStateAt(slot, kNow), KeyState::kPublished);
  EXPECT_EQ(KeyStateAt(slot, slot.signing), KeyState::kSigning);
  EXPECT_EQ(KeyStateAt(slot, slot.stopped), KeyState::kStopped);
  EXPECT_EQ(KeyStateAt(slot, slot.removed), KeyState::kRemoved);
}

}  // namespace
}  // namespace tokensvc
