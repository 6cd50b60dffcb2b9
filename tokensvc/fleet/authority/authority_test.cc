// Organizations, apps and machines over a real registry and an in-memory fleet log.
#include <stdlib.h>

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_fleet_key.h"
#include "tests/fakes/memory_fleet_log_store.h"
#include "tests/fakes/sequential_ids.h"
#include "tests/status_matchers.h"
#include "tokensvc/fleet/authority/machine_authority.h"
#include "tokensvc/fleet/authority/organization_authority.h"
#include "tokensvc/fleet/log/fleet_log.h"
#include "tokensvc/fleet/registry/registry.h"
#include "tokensvc/fleetlog/fleet_log_entry.h"
#include "tokensvc/fleetlog/fleet_log_values.h"
#include "tokensvc/placement/placement.h"
#include "tokensvc/rpc/error_details.h"

namespace tokensvc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::SizeIs;
using tests::IsOk;
using tests::StatusIs;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
const std::string kDigest = "sha256:" + std::string(64, 'a');
constexpr char kVersion1[] = "01HF7YAT00000000000000000A";
constexpr char kVersion2[] = "01HF7YAT00000000000000000B";

class AuthorityTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string dir = testing::TempDir() + "/authority.XXXXXX";
    ASSERT_NE(mkdtemp(dir.data()), nullptr);
    log_ = FleetLog::Open(store_, key_, clock_).value();
    registry_ = Registry::Open(dir + "/registry.db").value();
    ASSERT_THAT(log_->Append(FleetSettings{.fleet = "test.fleet",
                                           .issuer_base = "https://oidc.example",
                                           .audience_base = "https://fly.example",
                                           .placement_keys = {},
                                           .ca_roots_pem = {}})
                    .status(),
                IsOk());
    organizations_ = std::make_unique<OrganizationAuthority>(*log_, *registry_, ids_, clock_);
    machines_ = std::make_unique<MachineAuthority>(*organizations_, *log_, *registry_, key_, ids_, clock_);
    ASSERT_THAT(organizations_->Create({.slug = "acme", .id = 11}).status(), IsOk());
    ASSERT_THAT(organizations_->CreateApp("acme", "web", 22).status(), IsOk());
  }

  static PlaceRequest Request() {
    return {.organization_slug = "acme",
            .app_name = "web",
            .machine_id = "",
            .machine_name = "m1",
            .worker = "w1",
            .region = "yyz",
            .version = {.version = kVersion1,
                        .image = "host",
                        .image_digest = kDigest,
                        .subject_scope = SubjectScope::kMachine,
                        .policy = {.audiences = {"sts.amazonaws.com"}, .default_audience = "", .role_arns = {}},
                        .lifetime = absl::ZeroDuration(),
                        .expires = absl::InfinitePast()}};
  }

  Placement Verified(const std::string& bytes) {
    auto decoded = DecodePlacement(bytes);
    EXPECT_THAT(decoded.status(), IsOk());
    auto verified = VerifyPlacement(*decoded, bytes, key_.spki_der());
    EXPECT_THAT(verified.status(), IsOk());
    return verified->placement();
  }

  std::string PlaceMachine() { return machines_->Place(Request())->machine.id; }

  tests::FakeClock clock_{kNow};
  tests::MemoryFleetKey key_;
  tests::MemoryFleetLogStore store_;
  tests::SequentialIds ids_;
  std::unique_ptr<FleetLog> log_;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<OrganizationAuthority> organizations_;
  std::unique_ptr<MachineAuthority> machines_;
};

TEST_F(AuthorityTest, ASlugIsNeverUsedAgainAlsoAfterItsOrganizationIsDeleted) {
  EXPECT_EQ(ReasonOf(organizations_->Create({.slug = "acme"}).status()), "SLUG_TAKEN");
  ASSERT_THAT(organizations_->SetState("acme", IssuerState::kDeleted).status(), IsOk());
  EXPECT_THAT(organizations_->Create({.slug = "acme"}).status(), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(organizations_->Create({.slug = "other", .id = 11}).status(), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(AuthorityTest, DeletedIsFinal) {
  ASSERT_THAT(organizations_->SetState("acme", IssuerState::kDeleted).status(), IsOk());
  EXPECT_THAT(organizations_->SetState("acme", IssuerState::kDeleted).status(), IsOk());
  EXPECT_EQ(ReasonOf(organizations_->SetState("acme", IssuerState::kActive).status()), "ORGANIZATION_DELETED");
  EXPECT_EQ(ReasonOf(organizations_->CreateApp("acme", "api", 0).status()), "ORGANIZATION_DELETED");
}

TEST_F(AuthorityTest, NamesAreCheckedWhenTheyAreTaken) {
  EXPECT_THAT(organizations_->Create({.slug = std::string(32, 'a')}).status(), IsOk());
  for (const std::string& slug : {std::string(), std::string(33, 'b'), std::string("Acme"), std::string("a_b")}) {
    EXPECT_THAT(organizations_->Create({.slug = slug}).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("slug")));
  }
  EXPECT_THAT(organizations_->CreateApp("acme", std::string(48, 'a'), 0).status(), IsOk());
  EXPECT_THAT(organizations_->CreateApp("acme", std::string(49, 'a'), 0).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("name")));
}

TEST_F(AuthorityTest, WhatDoesNotExistIsNamed) {
  EXPECT_EQ(ReasonOf(organizations_->Get("none").status()), "ORGANIZATION_NOT_FOUND");
  EXPECT_EQ(ReasonOf(organizations_->GetApp("acme", "none").status()), "APP_NOT_FOUND");
  EXPECT_EQ(ReasonOf(organizations_->CreateApp("acme", "web", 0).status()), "NAME_TAKEN");
  EXPECT_EQ(ReasonOf(machines_->Renew("00000000000000").status()), "MACHINE_NOT_FOUND");
}

TEST_F(AuthorityTest, ANewMachinesPlacementSaysWhatWasAsked) {
  const absl::StatusOr<Placed> placed = machines_->Place(Request());
  ASSERT_THAT(placed.status(), IsOk());
  const Placement placement = Verified(placed->placement);
  EXPECT_EQ(placement.identity.organization_id, 11u);
  EXPECT_EQ(placement.identity.organization_slug, "acme");
  EXPECT_EQ(placement.identity.app_id, 22u);
  EXPECT_EQ(placement.identity.app_name, "web");
  EXPECT_EQ(placement.identity.machine_id, placed->machine.id);
  EXPECT_EQ(placement.identity.machine_name, "m1");
  EXPECT_EQ(placement.identity.machine_version, kVersion1);
  EXPECT_EQ(placement.identity.image, "host");
  EXPECT_EQ(placement.identity.image_digest, kDigest);
  EXPECT_EQ(placement.identity.region, "yyz");
  EXPECT_EQ(placement.worker, "w1");
  EXPECT_EQ(placement.generation, 1u);
  EXPECT_EQ(placement.expires, kNow + absl::Hours(24));
  EXPECT_LE(placement.not_before, kNow);
  EXPECT_EQ(placement.policy.default_audience, "https://fly.example/acme");
  EXPECT_THAT(placement.policy.audiences, ElementsAre("sts.amazonaws.com"));
}

TEST_F(AuthorityTest, AMachineWithoutNameGetsOneOfThreeParts) {
  PlaceRequest request = Request();
  request.machine_name = "";
  EXPECT_THAT(machines_->Place(request)->machine.name, MatchesRegex("[a-z]+-[a-z]+-[0-9]{4}"));
}

TEST_F(AuthorityTest, AFieldOutOfItsBoundsRegistersNothing) {
  PlaceRequest request = Request();
  request.version.image_digest = "sha256:short";
  EXPECT_THAT(machines_->Place(request).status(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("digest")));
  EXPECT_THAT(machines_->Place(Request()).status(), IsOk());
}

TEST_F(AuthorityTest, APlacementsLifeIsBounded) {
  for (const auto& [seconds, accepted] : {std::pair(59, false), {60, true}, {86'400, true}, {86'401, false}}) {
    PlaceRequest request = Request();
    request.machine_name = absl::StrCat("m", seconds);
    request.version.lifetime = absl::Seconds(seconds);
    EXPECT_EQ(machines_->Place(request).ok(), accepted) << seconds;
  }
}

TEST_F(AuthorityTest, AMachinesNameIsTakenOnceAlsoAfterItsRetirement) {
  const std::string id = PlaceMachine();
  EXPECT_EQ(ReasonOf(machines_->Place(Request()).status()), "NAME_TAKEN");
  EXPECT_THAT(machines_->Retire(id), tests::IsOkAndHolds(IsEmpty()));
  EXPECT_EQ(ReasonOf(machines_->Place(Request()).status()), "NAME_TAKEN");
  EXPECT_EQ(ReasonOf(machines_->Renew(id).status()), "MACHINE_RETIRED");
  EXPECT_EQ(log_->MinimumGeneration(id), std::numeric_limits<uint64_t>::max());
}

TEST_F(AuthorityTest, AFurtherVersionStaysInTheGenerationAndOnTheWorker) {
  PlaceRequest request = Request();
  request.machine_id = PlaceMachine();
  request.version.version = kVersion2;
  request.version.image = "example.com/web:2";
  const absl::StatusOr<Placed> placed = machines_->Place(request);
  ASSERT_THAT(placed.status(), IsOk());
  EXPECT_EQ(Verified(placed->placement).generation, 1u);
  EXPECT_EQ(Verified(placed->placement).identity.image, "example.com/web:2");
  request.worker = "w2";
  EXPECT_EQ(ReasonOf(machines_->Place(request).status()), "OTHER_WORKER");
}

TEST_F(AuthorityTest, AVersionHasOneContent) {
  PlaceRequest request = Request();
  request.machine_id = PlaceMachine();
  EXPECT_THAT(machines_->Place(request).status(), IsOk());
  request.version.image = "example.com/web:2";
  EXPECT_EQ(ReasonOf(machines_->Place(request).status()), "VERSION_TAKEN");
}

TEST_F(AuthorityTest, AStoppedOrganizationGetsNoPlacement) {
  ASSERT_THAT(organizations_->SetState("acme", IssuerState::kStopped).status(), IsOk());
  EXPECT_EQ(ReasonOf(machines_->Place(Request()).status()), "ORGANIZATION_NOT_ACTIVE");
  ASSERT_THAT(organizations_->SetState("acme", IssuerState::kActive).status(), IsOk());
  EXPECT_THAT(machines_->Place(Request()).status(), IsOk());
}

TEST_F(AuthorityTest, AMoveRaisesTheGenerationFencesTheOldAndSignsOnTheTarget) {
  const std::string id = PlaceMachine();
  const absl::StatusOr<Moved> moved = machines_->Move(id, "w2", "ams", 1);
  ASSERT_THAT(moved.status(), IsOk());
  EXPECT_EQ(moved->generation, 2u);
  EXPECT_THAT(moved->fenced_except, IsEmpty());
  ASSERT_THAT(moved->placements, SizeIs(1));
  const Placement placement = Verified(moved->placements[0]);
  EXPECT_EQ(placement.worker, "w2");
  EXPECT_EQ(placement.identity.region, "ams");
  EXPECT_EQ(placement.generation, 2u);
  EXPECT_EQ(log_->MinimumGeneration(id), 2u);
}

TEST_F(AuthorityTest, AMoveComparesTheGeneration) {
  const std::string id = PlaceMachine();
  EXPECT_THAT(machines_->Move(id, "w2", "", 2).status(),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("generation 1, want 2")));
  ASSERT_THAT(machines_->Move(id, "w2", "", 1).status(), IsOk());
  EXPECT_EQ(ReasonOf(machines_->Move(id, "w3", "", 1).status()), "GENERATION_MISMATCH");
  EXPECT_EQ(log_->MinimumGeneration(id), 2u);
}

TEST_F(AuthorityTest, AMoveWhoseAnswerWasLostAnswersTheSameAgain) {
  const std::string id = PlaceMachine();
  const uint64_t before = machines_->Move(id, "w2", "", 1)->generation;
  EXPECT_EQ(machines_->Move(id, "w2", "", 1)->generation, before);
}

TEST_F(AuthorityTest, AMoveThatDiedAfterItsFenceIsFinishedByCallingItAgain) {
  PlaceRequest request = Request();
  request.machine_id = PlaceMachine();
  ASSERT_THAT(log_->Append(MachineFence{request.machine_id, 2}).status(), IsOk());  // and the registry was not reached
  EXPECT_EQ(ReasonOf(machines_->Renew(request.machine_id).status()), "MOVE_UNFINISHED");
  EXPECT_EQ(ReasonOf(machines_->Place(request).status()), "MOVE_UNFINISHED");
  ASSERT_THAT(machines_->Move(request.machine_id, "w2", "", 1).status(), IsOk());
  EXPECT_THAT(machines_->Renew(request.machine_id).status(), IsOk());
}

TEST_F(AuthorityTest, RenewalsWaitForTheFence) {
  const std::string id = PlaceMachine();
  const std::string hash = VerifyFleetLogEntry(store_.Read(log_->number(), 1)->front(), key_.spki_der())->sha256();
  const uint64_t session = log_->BeginFollowing("s1", log_->number(), hash).value();
  ASSERT_FALSE(log_->AwaitNext("s1", session, log_->number(), absl::InfinitePast())->head.empty());
  log_->Stop();  // nothing waits from now on
  EXPECT_THAT(machines_->Move(id, "w2", "", 1)->fenced_except, ElementsAre("s1"));
  EXPECT_EQ(ReasonOf(machines_->Renew(id).status()), "FENCE_PENDING");
  clock_.Advance(absl::Minutes(61));
  EXPECT_THAT(machines_->Renew(id).status(), IsOk());
}

TEST_F(AuthorityTest, ARenewalSignsEachStandingVersionWithNewTimes) {
  PlaceRequest request = Request();
  request.machine_id = PlaceMachine();
  request.version.version = kVersion2;
  ASSERT_THAT(machines_->Place(request).status(), IsOk());
  clock_.Advance(absl::Hours(12));
  const absl::StatusOr<std::vector<std::string>> placements = machines_->Renew(request.machine_id);
  ASSERT_THAT(placements.status(), IsOk());
  ASSERT_THAT(*placements, SizeIs(2));
  EXPECT_EQ(Verified((*placements)[0]).identity.machine_version, kVersion2);
  EXPECT_EQ(Verified((*placements)[1]).identity.machine_version, kVersion1);
  EXPECT_EQ(Verified((*placements)[1]).expires, clock_.Now() + absl::Hours(24));
  EXPECT_EQ(Verified((*placements)[1]).generation, 1u);
}

}  // namespace
}  // namespace tokensvc
