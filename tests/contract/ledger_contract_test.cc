// What every Ledger promises, the fake included.
#include <sys/stat.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/ledger.h"
#include "storage/sqlite_ledger.h"
#include "tests/fakes/eventually.h"
#include "tests/fakes/memory_ledger.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

using storage::LedgerOutcome;
using storage::LedgerRow;

const absl::Time kNoon = absl::FromUnixSeconds(1'800'014'400);

struct Backend {
  const char* name;
  std::function<std::unique_ptr<storage::Ledger>(const std::string& folder)> open;
};

std::unique_ptr<storage::SqliteLedger> OpenSqlite(const std::string& folder) {
  auto ledger = storage::SqliteLedger::Open(folder, storage::SqliteLedger::kMaxBytes);
  EXPECT_THAT(ledger, IsOk());
  return *std::move(ledger);
}

LedgerRow Row(const std::string& machine, const std::string& jti, absl::Time at = kNoon) {
  return {.at = at, .machine_id = machine, .outcome = LedgerOutcome::kAllowed, .jti = jti};
}

class LedgerContractTest : public testing::TestWithParam<Backend> {
 protected:
  ScratchFolder folder_;
  std::unique_ptr<storage::Ledger> ledger_ = GetParam().open(folder_.path() + "/ledger");
};

TEST_P(LedgerContractTest, AFlushedRowComesBackWhole) {
  const LedgerRow row{.at = kNoon,
                      .machine_id = "m",
                      .boot_id = "b",
                      .organization = "acme",
                      .app = "web",
                      .outcome = LedgerOutcome::kDenied,
                      .status_code = 7,
                      .reason = "aud: other, want vault",
                      .jti = "",
                      .audience = "other",
                      .placement_sha256 = std::string("\0\xff", 2),
                      .trace_id = "t"};
  ledger_->Append(row);
  ASSERT_THAT(ledger_->Flush(), IsOk());
  const auto rows = ledger_->Newest("m", 10);
  ASSERT_THAT(rows, IsOk());
  ASSERT_EQ(rows->size(), 1u);
  const LedgerRow& got = (*rows)[0];
  EXPECT_EQ(got.at, row.at);
  EXPECT_EQ(got.boot_id, "b");
  EXPECT_EQ(got.organization, "acme");
  EXPECT_EQ(got.app, "web");
  EXPECT_EQ(got.outcome, LedgerOutcome::kDenied);
  EXPECT_EQ(got.status_code, 7);
  EXPECT_EQ(got.reason, row.reason);
  EXPECT_EQ(got.audience, "other");
  EXPECT_EQ(got.placement_sha256, row.placement_sha256);
  EXPECT_EQ(got.trace_id, "t");
}

TEST_P(LedgerContractTest, NewestComesFirstForOneMachineAndForAll) {
  for (int i = 0; i < 6; ++i) ledger_->Append(Row(i % 2 == 0 ? "even" : "odd", absl::StrCat(i)));
  ASSERT_THAT(ledger_->Flush(), IsOk());
  const auto odd = ledger_->Newest("odd", 10);
  ASSERT_EQ(odd->size(), 3u);
  EXPECT_EQ((*odd)[0].jti, "5");
  EXPECT_EQ((*odd)[2].jti, "1");
  const auto all = ledger_->Newest("", 4);
  ASSERT_EQ(all->size(), 4u);
  EXPECT_EQ((*all)[0].jti, "5");
  EXPECT_EQ((*all)[3].jti, "2");
}

TEST_P(LedgerContractTest, NothingIsLostByItself) {
  for (int i = 0; i < 1000; ++i) ledger_->Append(Row("m", absl::StrCat(i)));
  ASSERT_THAT(ledger_->Flush(), IsOk());
  EXPECT_EQ(ledger_->Newest("m", 2000)->size(), 1000u);
  EXPECT_EQ(ledger_->rows_lost(), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    All, LedgerContractTest,
    testing::Values(Backend{"Memory", [](const std::string&) { return std::make_unique<MemoryLedger>(); }},
                    Backend{"Sqlite", &OpenSqlite}),
    [](const auto& info) { return info.param.name; });

class SqliteLedgerTest : public testing::Test {
 protected:
  std::string FileOf(const std::string& day) const {
    return absl::StrCat(folder_.path(), "/ledger/ledger-", day, ".sqlite");
  }
  ScratchFolder folder_;
  std::unique_ptr<storage::SqliteLedger> ledger_ = OpenSqlite(folder_.path() + "/ledger");
};

TEST_F(SqliteLedgerTest, EachDayHasAFileOfItsOwnThatOnlyItsOwnerReads) {
  ledger_->Append(Row("m", "1", kNoon));
  ledger_->Append(Row("m", "2", kNoon + absl::Hours(24)));
  ASSERT_THAT(ledger_->Flush(), IsOk());
  for (const char* day : {"2027-01-15", "2027-01-16"}) {
    struct stat file;
    ASSERT_EQ(stat(FileOf(day).c_str(), &file), 0) << day;
    EXPECT_EQ(file.st_mode & 0777, 0600u);
  }
  EXPECT_EQ((*ledger_->Newest("m", 1))[0].jti, "2");
}

TEST_F(SqliteLedgerTest, AReopenedLedgerHasTheRows) {
  ledger_->Append(Row("m", "1"));
  ledger_.reset();
  ledger_ = OpenSqlite(folder_.path() + "/ledger");
  EXPECT_EQ(ledger_->Newest("m", 10)->size(), 1u);
}

TEST_F(SqliteLedgerTest, RowsAreCommittedWithoutAFlush) {
  ledger_->Append(Row("m", "1"));
  EXPECT_TRUE(Eventually([this] { return ledger_->Newest("m", 10)->size() == 1; }));
}

TEST_F(SqliteLedgerTest, ADayBeyondTheRetentionIsRemovedWhenANewOneBegins) {
  ledger_->Append(Row("m", "old", kNoon));
  ASSERT_THAT(ledger_->Flush(), IsOk());
  ledger_->Append(Row("m", "new", kNoon + absl::Hours(24) * 91));
  ASSERT_THAT(ledger_->Flush(), IsOk());
  const auto rows = ledger_->Newest("m", 10);
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0].jti, "new");
}

TEST_F(SqliteLedgerTest, ADiskThatRefusesCostsRowsAndNotTheCaller) {
  ASSERT_EQ(mkdir(FileOf("2027-01-15").c_str(), 0700), 0);
  ledger_->Append(Row("m", "1"));
  EXPECT_FALSE(ledger_->Flush().ok());
  EXPECT_EQ(ledger_->rows_lost(), 1u);
  EXPECT_FALSE(ledger_->health().ok());
  ledger_->Append(Row("m", "2", kNoon + absl::Hours(24)));
  EXPECT_THAT(ledger_->Flush(), IsOk());
  EXPECT_THAT(ledger_->health(), IsOk());
}

TEST_F(SqliteLedgerTest, TheGapThatARefusingDiskLeftIsARowOfItsOwn) {
  ASSERT_EQ(mkdir(FileOf("2027-01-15").c_str(), 0700), 0);
  for (const char* jti : {"1", "2", "3"}) {
    ledger_->Append(Row("m", jti));
    EXPECT_FALSE(ledger_->Flush().ok());
  }
  ASSERT_EQ(rmdir(FileOf("2027-01-15").c_str()), 0);
  for (const char* jti : {"4", "5"}) {
    ledger_->Append(Row("m", jti));
    EXPECT_THAT(ledger_->Flush(), IsOk());
  }
  const auto rows = ledger_->Newest("", 10);
  ASSERT_EQ(rows->size(), 3u);  // 5, 4, and once what is missing before them
  EXPECT_EQ((*rows)[1].jti, "4");
  EXPECT_EQ((*rows)[2].machine_id, "");
  EXPECT_EQ((*rows)[2].outcome, storage::LedgerOutcome::kDenied);
  EXPECT_EQ((*rows)[2].reason, "ledger: 3 rows lost before this one, want a file that takes them");
}

}  // namespace
}  // namespace tests
