#include "tokensvc/fleet/log/fleet_log.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_fleet_key.h"
#include "tests/fakes/memory_fleet_log_store.h"
#include "tests/status_matchers.h"
#include "tokensvc/fleetlog/fleet_log_entry.h"
#include "tokensvc/fleetlog/fleet_log_values.h"

namespace tokensvc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::IsOk;
using tests::IsOkAndHolds;
using tests::StatusIs;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
const std::string kNothing(32, '\0');
constexpr char kMachine[] = "148e21ea7e46e8";

class FleetLogTest : public testing::Test {
 protected:
  void SetUp() override { Restart(); }

  void Restart() {
    log_.reset();
    auto log = FleetLog::Open(store_, key_, clock_);
    ASSERT_THAT(log.status(), IsOk());
    log_ = *std::move(log);
  }

  std::string HashOf(uint64_t number) {
    return VerifyFleetLogEntry(store_.Read(number, 1)->front(), key_.spki_der())->sha256();
  }

  uint64_t Fence(uint64_t generation) { return log_->Append(MachineFence{kMachine, generation}).value(); }

  // A signer that follows, has applied everything, and has been given a head.
  uint64_t FollowWithLease(const std::string& signer) {
    const uint64_t last = log_->number();
    const uint64_t session = log_->BeginFollowing(signer, last, last == 0 ? kNothing : HashOf(last)).value();
    EXPECT_FALSE(log_->AwaitNext(signer, session, last, absl::InfinitePast())->head.empty());
    return session;
  }

  tests::FakeClock clock_{kNow};
  tests::MemoryFleetKey key_;
  tests::MemoryFleetLogStore store_;
  std::unique_ptr<FleetLog> log_;
};

TEST_F(FleetLogTest, EntriesAreNumberedChainedAndSigned) {
  EXPECT_THAT(log_->Append(MachineFence{kMachine, 2}), IsOkAndHolds(1u));
  EXPECT_THAT(log_->Append(WorkerFence{"w1", kNow}), IsOkAndHolds(2u));
  const std::vector<std::string> entries = store_.Read(1, 10).value();
  ASSERT_EQ(entries.size(), 2u);
  auto first = VerifyFleetLogEntry(entries[0], key_.spki_der());
  auto second = VerifyFleetLogEntry(entries[1], key_.spki_der());
  ASSERT_THAT(first.status(), IsOk());
  ASSERT_THAT(second.status(), IsOk());
  EXPECT_EQ(first->entry().previous_sha256, kNothing);
  EXPECT_EQ(second->entry().previous_sha256, first->sha256());
  EXPECT_EQ(second->entry().number, 2u);
  EXPECT_EQ(second->entry().appended_at, kNow);
}

TEST_F(FleetLogTest, ARestartFindsWhatWasAppended) {
  ASSERT_THAT(log_->Append(OrganizationIssuer{.organization_id = 7, .slug = "acme"}).status(), IsOk());
  Fence(3);
  Restart();
  EXPECT_EQ(log_->number(), 2u);
  EXPECT_EQ(log_->MinimumGeneration(kMachine), 3u);
  ASSERT_TRUE(log_->FindOrganization("acme").has_value());
  EXPECT_EQ(log_->FindOrganization("acme")->created, kNow);
  EXPECT_EQ(log_->FindOrganization(7)->issuer.slug, "acme");
}

TEST_F(FleetLogTest, AnEntryThatDoesNotVerifyStopsTheStart) {
  Fence(2);
  tests::MemoryFleetLogStore altered;
  std::string entry = store_.Read(1, 1)->front();
  entry.back() ^= 1;
  ASSERT_THAT(altered.Append(1, entry), IsOk());
  EXPECT_THAT(FleetLog::Open(altered, key_, clock_).status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("fleet log entry 1")));
}

TEST_F(FleetLogTest, AnAppendThatWasNotKeptEndsAllChangesUntilARestart) {
  store_.FailWritesWith(absl::UnavailableError("disk: full, want room"));
  EXPECT_THAT(log_->Append(MachineFence{kMachine, 2}).status(), StatusIs(absl::StatusCode::kUnavailable));
  store_.FailWritesWith(absl::OkStatus());
  EXPECT_THAT(log_->Append(MachineFence{kMachine, 2}).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("want a restart")));
  EXPECT_THAT(log_->health(), StatusIs(absl::StatusCode::kUnavailable));
  Restart();
  EXPECT_THAT(log_->Append(MachineFence{kMachine, 2}), IsOkAndHolds(1u));
}

TEST_F(FleetLogTest, ARuleOfTheFleetStateRefusesAnEntryBeforeItIsKept) {
  ASSERT_THAT(log_->Append(OrganizationIssuer{.organization_id = 7, .slug = "acme"}).status(), IsOk());
  EXPECT_THAT(log_->Append(OrganizationIssuer{.organization_id = 8, .slug = "acme"}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(store_.LastNumber(), IsOkAndHolds(1u));
  EXPECT_THAT(log_->Append(MachineFence{kMachine, 2}), IsOkAndHolds(2u));
}

TEST_F(FleetLogTest, AFollowerGetsEntriesThenAHeadOnceItHasAcknowledgedThem) {
  Fence(2);
  Fence(3);
  const uint64_t session = log_->BeginFollowing("s1", 0, kNothing).value();
  EXPECT_EQ(log_->AwaitNext("s1", session, 0, absl::InfinitePast())->entries, *store_.Read(1, 10));
  ASSERT_THAT(log_->Acknowledge("s1", session, 2, HashOf(2)), IsOk());
  const FleetLog::Next next = log_->AwaitNext("s1", session, 2, absl::InfinitePast()).value();
  auto head = VerifyFleetHead(next.head, key_.spki_der());
  ASSERT_THAT(head.status(), IsOk());
  EXPECT_EQ(head->head().number, 2u);
  EXPECT_EQ(head->head().entry_sha256, HashOf(2));
  EXPECT_EQ(head->head().expires, kNow + absl::Minutes(60));
  EXPECT_EQ(store_.Signers()->front().lease_expires, kNow + absl::Minutes(60));
}

TEST_F(FleetLogTest, AHeadIsRenewedEachMinute) {
  const uint64_t session = FollowWithLease("s1");
  clock_.Advance(absl::Seconds(61));
  EXPECT_EQ(log_->AwaitNext("s1", session, 0, kNow)->head_issued, kNow + absl::Seconds(61));
}

TEST_F(FleetLogTest, AChainThatIsNotOursIsRefused) {
  Fence(2);
  EXPECT_THAT(log_->BeginFollowing("s1", 2, kNothing).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("applied_number: 2, want at most 1")));
  EXPECT_THAT(log_->BeginFollowing("s1", 1, std::string(32, 'x')).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("another chain")));
  EXPECT_THAT(log_->BeginFollowing("s1", 0, "").status(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(FleetLogTest, OnlyTheLatestStreamOfASignerCounts) {
  Fence(2);
  const uint64_t first = log_->BeginFollowing("s1", 0, kNothing).value();
  log_->BeginFollowing("s1", 0, kNothing).value();
  EXPECT_THAT(log_->Acknowledge("s1", first, 1, HashOf(1)), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(log_->AwaitNext("s1", first, 0, absl::InfinitePast()).status(), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(FleetLogTest, AnAcknowledgementNeverGoesBackWithinAStream) {
  Fence(2);
  const uint64_t session = log_->BeginFollowing("s1", 1, HashOf(1)).value();
  EXPECT_THAT(log_->Acknowledge("s1", session, 0, kNothing), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(FleetLogTest, AFenceIsSettledByAcknowledgement) {
  const uint64_t s1 = FollowWithLease("s1");
  FollowWithLease("s2");
  const uint64_t fence = Fence(2);
  EXPECT_THAT(log_->AwaitSettled(fence, absl::ZeroDuration()), ElementsAre("s1", "s2"));
  ASSERT_THAT(log_->Acknowledge("s1", s1, fence, HashOf(fence)), IsOk());
  EXPECT_THAT(log_->AwaitSettled(fence, absl::ZeroDuration()), ElementsAre("s2"));
}

TEST_F(FleetLogTest, AFenceIsSettledByTheEndOfTheLeaseAlsoAfterARestart) {
  FollowWithLease("s1");
  const uint64_t fence = Fence(2);
  Restart();
  EXPECT_THAT(log_->AwaitSettled(fence, absl::ZeroDuration()), ElementsAre("s1"));
  clock_.Advance(absl::Minutes(60));
  EXPECT_THAT(log_->AwaitSettled(fence, absl::ZeroDuration()), ElementsAre("s1"));
  clock_.Advance(kLeaseClockMargin);
  EXPECT_THAT(log_->AwaitSettled(fence, absl::ZeroDuration()), IsEmpty());
}

TEST_F(FleetLogTest, ASignerThatDoesNotAcknowledgeGetsNoFurtherLease) {
  const uint64_t session = FollowWithLease("s1");
  const uint64_t fence = Fence(2);
  clock_.Advance(absl::Minutes(5));
  EXPECT_EQ(log_->AwaitNext("s1", session, 0, kNow)->entries.size(), 1u);
  log_->Stop();
  EXPECT_THAT(log_->AwaitNext("s1", session, fence, kNow).status(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(store_.Signers()->front().lease_expires, kNow + absl::Minutes(60));
}

TEST_F(FleetLogTest, ASignerThatNeverHadALeaseHoldsNothingUp) {
  log_->BeginFollowing("s1", 0, kNothing).value();
  EXPECT_THAT(log_->AwaitSettled(Fence(2), absl::ZeroDuration()), IsEmpty());
}

TEST_F(FleetLogTest, ALeaseThatCannotBeRecordedIsNotGiven) {
  const uint64_t session = log_->BeginFollowing("s1", 0, kNothing).value();
  store_.FailWritesWith(absl::UnavailableError("disk: full, want room"));
  EXPECT_THAT(log_->AwaitNext("s1", session, 0, absl::InfinitePast()).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace tokensvc
