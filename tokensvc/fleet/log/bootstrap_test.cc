#include "tokensvc/fleet/log/bootstrap.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_fleet_key.h"
#include "tests/fakes/memory_fleet_log_store.h"
#include "tests/status_matchers.h"

namespace tokensvc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using tests::IsOk;
using tests::StatusIs;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class BootstrapTest : public testing::Test {
 protected:
  void SetUp() override { log_ = FleetLog::Open(store_, key_, clock_).value(); }

  tests::FakeClock clock_{kNow};
  tests::MemoryFleetKey key_;
  tests::MemoryFleetLogStore store_;
  std::unique_ptr<FleetLog> log_;
  FleetIdentity identity_{"test.fleet", "https://oidc.example", "https://fly.example", "pem"};
};

TEST_F(BootstrapTest, ANewLogGetsSettingsAndOneSlotForEachAlgorithm) {
  ASSERT_THAT(Bootstrap(*log_, identity_, key_, kNow), IsOk());
  EXPECT_EQ(log_->number(), 3u);
  EXPECT_EQ(log_->settings()->issuer_base, "https://oidc.example");
  ASSERT_THAT(log_->settings()->placement_keys, SizeIs(1));
  EXPECT_EQ(log_->settings()->placement_keys[0].spki_der, key_.spki_der());
  EXPECT_THAT(log_->settings()->ca_roots_pem, ElementsAre("pem"));
  EXPECT_TRUE(log_->HasKeySlot("default", "rs256-1"));
  EXPECT_TRUE(log_->HasKeySlot("default", "es256-1"));
}

TEST_F(BootstrapTest, TheSameConfigurationAgainAppendsNothing) {
  ASSERT_THAT(Bootstrap(*log_, identity_, key_, kNow), IsOk());
  ASSERT_THAT(Bootstrap(*log_, identity_, key_, kNow + absl::Hours(1)), IsOk());
  EXPECT_EQ(log_->number(), 3u);
}

TEST_F(BootstrapTest, ChangedRootsAreAppended) {
  ASSERT_THAT(Bootstrap(*log_, identity_, key_, kNow), IsOk());
  identity_.ca_roots_pem = "other pem";
  ASSERT_THAT(Bootstrap(*log_, identity_, key_, kNow), IsOk());
  EXPECT_EQ(log_->number(), 4u);
  EXPECT_THAT(log_->settings()->ca_roots_pem, ElementsAre("other pem"));
  EXPECT_THAT(log_->settings()->placement_keys, SizeIs(1));
}

TEST_F(BootstrapTest, FleetAndIssuerBaseNeverChange) {
  ASSERT_THAT(Bootstrap(*log_, identity_, key_, kNow), IsOk());
  FleetIdentity other = identity_;
  other.issuer_base = "https://elsewhere.example";
  EXPECT_THAT(Bootstrap(*log_, other, key_, kNow),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("issuer_base: https://elsewhere.example")));
  other = identity_;
  other.fleet = "other.fleet";
  EXPECT_THAT(Bootstrap(*log_, other, key_, kNow), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("fleet")));
}

}  // namespace
}  // namespace tokensvc
