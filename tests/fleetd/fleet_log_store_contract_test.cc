// What every FleetLogStore promises, the fake included.
#include <stdlib.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/memory_fleet_log_store.h"
#include "tests/status_matchers.h"
#include "tokensvc/fleet/log/fleet_log_store.h"
#include "tokensvc/fleet/log/signer_record.h"
#include "tokensvc/fleet/log/sqlite_fleet_log_store.h"

namespace tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using tokensvc::FleetLogStore;
using tokensvc::SignerRecord;

struct Backend {
  const char* name;
  std::unique_ptr<FleetLogStore> (*open)(const std::string& dir);
};

std::unique_ptr<FleetLogStore> OpenMemory(const std::string&) { return std::make_unique<MemoryFleetLogStore>(); }
std::unique_ptr<FleetLogStore> OpenSqlite(const std::string& dir) {
  return tokensvc::SqliteFleetLogStore::Open(dir + "/fleet_log.db").value();
}

class FleetLogStoreContractTest : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    dir_ = testing::TempDir() + "/log.XXXXXX";
    ASSERT_NE(mkdtemp(dir_.data()), nullptr);
    store_ = GetParam().open(dir_);
  }

  std::string dir_;
  std::unique_ptr<FleetLogStore> store_;
};

TEST_P(FleetLogStoreContractTest, ANewLogIsEmpty) {
  EXPECT_THAT(store_->LastNumber(), IsOkAndHolds(0u));
  EXPECT_THAT(store_->Read(1, 10), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(store_->Signers()->size(), 0u);
}

TEST_P(FleetLogStoreContractTest, EntriesAreReadInOrderFromAnyNumber) {
  const std::string bytes("\0\xff\n", 3);
  ASSERT_THAT(store_->Append(1, "one"), IsOk());
  ASSERT_THAT(store_->Append(2, bytes), IsOk());
  ASSERT_THAT(store_->Append(3, "three"), IsOk());
  EXPECT_THAT(store_->LastNumber(), IsOkAndHolds(3u));
  EXPECT_THAT(store_->Read(1, 10), IsOkAndHolds(ElementsAre("one", bytes, "three")));
  EXPECT_THAT(store_->Read(2, 1), IsOkAndHolds(ElementsAre(bytes)));
  EXPECT_THAT(store_->Read(4, 10), IsOkAndHolds(IsEmpty()));
}

TEST_P(FleetLogStoreContractTest, OfTwoWritersOfOneNumberTheSecondIsAborted) {
  ASSERT_THAT(store_->Append(1, "one"), IsOk());
  EXPECT_THAT(store_->Append(1, "other"), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(store_->Append(3, "gap"), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(store_->Read(1, 10), IsOkAndHolds(ElementsAre("one")));
}

TEST_P(FleetLogStoreContractTest, ASignersRecordIsReplacedByName) {
  const absl::Time expires = absl::FromUnixSeconds(1'700'000'000);
  ASSERT_THAT(store_->PutSigner({.name = "s2"}), IsOk());
  ASSERT_THAT(store_->PutSigner({.name = "s1", .acknowledged = 1}), IsOk());
  ASSERT_THAT(store_->PutSigner({.name = "s1", .acknowledged = 7, .lease_expires = expires}), IsOk());
  const std::vector<SignerRecord> signers = store_->Signers().value();
  ASSERT_EQ(signers.size(), 2u);
  EXPECT_EQ(signers[0].name, "s1");
  EXPECT_EQ(signers[0].acknowledged, 7u);
  EXPECT_EQ(signers[0].lease_expires, expires);
  EXPECT_EQ(signers[1].lease_expires, absl::InfinitePast());
}

TEST_P(FleetLogStoreContractTest, ALeaseIsNeverKeptShorterThanItIs) {
  const absl::Time expires = absl::FromUnixMillis(1'700'000'000'001);
  ASSERT_THAT(store_->PutSigner({.name = "s1", .acknowledged = 0, .lease_expires = expires}), IsOk());
  EXPECT_GE(store_->Signers()->front().lease_expires, expires);
}

INSTANTIATE_TEST_SUITE_P(All, FleetLogStoreContractTest,
                         testing::Values(Backend{"Memory", OpenMemory}, Backend{"Sqlite", OpenSqlite}),
                         [](const auto& info) { return info.param.name; });

TEST(SqliteFleetLogStoreTest, WhatWasKeptIsThereAfterAReopening) {
  std::string dir = testing::TempDir() + "/reopen.XXXXXX";
  ASSERT_NE(mkdtemp(dir.data()), nullptr);
  ASSERT_THAT(OpenSqlite(dir)->Append(1, "one"), IsOk());
  EXPECT_THAT(OpenSqlite(dir)->Read(1, 10), IsOkAndHolds(ElementsAre("one")));
}

}  // namespace
}  // namespace tests
