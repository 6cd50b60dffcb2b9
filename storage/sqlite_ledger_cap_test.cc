// The ledger's cap in bytes: which day goes, what tells of it, and what happens where none may go.
#include "storage/sqlite_ledger.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/ledger.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/status_matchers.h"

namespace storage {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using tests::IsOk;
using tests::StatusIs;

constexpr int64_t kPlenty = int64_t{1} << 40;
// A day's row is so large that the pages around it do not matter.
constexpr int64_t kRowBytes = 200'000;
constexpr int64_t kSlack = 100'000;  // schema, journal and its index of a day that is open

absl::Time Day(int day) { return absl::FromUnixSeconds(1'800'014'400) + absl::Hours(24) * day; }  // 2027-01-15, noon

class SqliteLedgerCapTest : public testing::Test {
 protected:
  void Open(int64_t most_bytes) {
    ledger_.reset();
    auto ledger = SqliteLedger::Open(ledger_folder_, most_bytes);
    ASSERT_THAT(ledger, IsOk());
    ledger_ = *std::move(ledger);
  }
  absl::Status Put(int day, const std::string& jti, int64_t bytes = kRowBytes) {
    ledger_->Append({.at = Day(day),
                     .machine_id = "m",
                     .outcome = LedgerOutcome::kAllowed,
                     .jti = jti,
                     .audience = std::string(bytes, 'a')});
    return ledger_->Flush();
  }
  // Days 0 to `days` - 1 with a row each, jti the day, and no ledger open.
  void WriteDays(int days) {
    Open(kPlenty);
    for (int day = 0; day < days; ++day) ASSERT_THAT(Put(day, absl::StrCat(day)), IsOk());
    ledger_.reset();
  }
  // Names of the files that are databases, without folder, "ledger-" and ".sqlite".
  std::vector<std::string> Days() const {
    std::vector<std::string> days;
    for (const auto& file : std::filesystem::directory_iterator(ledger_folder_)) {
      if (file.path().extension() == ".sqlite") days.push_back(file.path().stem().string().substr(7));
    }
    std::sort(days.begin(), days.end());
    return days;
  }
  int64_t Bytes() const {
    int64_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(ledger_folder_)) bytes += file.file_size();
    return bytes;
  }
  // Of every row, newest first: its jti, or its reason where it is of no machine.
  std::vector<std::string> Rows() const {
    std::vector<std::string> told;
    const auto rows = ledger_->Newest("", 1000);
    EXPECT_THAT(rows, IsOk());
    for (const LedgerRow& row : *rows) told.push_back(row.machine_id.empty() ? row.reason : row.jti);
    return told;
  }

  tests::ScratchFolder folder_;
  const std::string ledger_folder_ = folder_.path() + "/ledger";
  std::unique_ptr<SqliteLedger> ledger_;
};

// The bytes that the ledger finds before it takes the last row of WriteToTheBound: the same in each folder.
class SqliteLedgerBoundTest : public SqliteLedgerCapTest {
 protected:
  int64_t WriteToTheBound(int64_t most_bytes) {
    WriteDays(2);
    Open(most_bytes);
    EXPECT_THAT(Put(2, "2"), IsOk());
    const int64_t bytes = Bytes();
    EXPECT_THAT(Put(2, "last"), IsOk());
    return bytes;
  }
  int64_t Bound() {
    const int64_t bytes = WriteToTheBound(kPlenty);
    ledger_.reset();
    std::filesystem::remove_all(ledger_folder_);
    return bytes;
  }
};

TEST_F(SqliteLedgerBoundTest, AtTheCapNothingGoes) {
  const int64_t bound = Bound();
  EXPECT_EQ(WriteToTheBound(bound), bound);
  EXPECT_THAT(Days(), ElementsAre("2027-01-15", "2027-01-16", "2027-01-17"));
  EXPECT_THAT(Rows(), ElementsAre("last", "2", "1", "0"));
}

TEST_F(SqliteLedgerBoundTest, AByteBeyondTheCapTheOldestDayGoesAndARowTellsWhatWent) {
  const int64_t bound = Bound();
  EXPECT_EQ(WriteToTheBound(bound - 1), bound);
  EXPECT_THAT(Days(), ElementsAre("2027-01-16", "2027-01-17"));
  const std::string told =
      absl::StrCat("ledger: ", bound, " bytes, 2027-01-15 with 1 rows removed, want at most ", bound - 1);
  EXPECT_THAT(Rows(), ElementsAre("last", told, "2", "1"));
  EXPECT_THAT(ledger_->health(), IsOk());
  EXPECT_EQ(ledger_->rows_lost(), 0u);
}

TEST_F(SqliteLedgerCapTest, TheRowThatTellsIsADenialOfNoMachineAtTheTimeOfTheRowsThatNeededRoom) {
  WriteDays(1);
  Open(kRowBytes);
  ASSERT_THAT(Put(1, "1"), IsOk());
  const auto rows = ledger_->Newest("", 10);
  ASSERT_EQ(rows->size(), 2u);
  const LedgerRow& told = (*rows)[1];
  EXPECT_EQ(told.at, Day(1));
  EXPECT_EQ(told.machine_id, "");
  EXPECT_EQ(told.outcome, LedgerOutcome::kDenied);
  EXPECT_EQ(told.status_code, static_cast<int>(absl::StatusCode::kResourceExhausted));
}

TEST_F(SqliteLedgerCapTest, AsManyDaysGoAsTheCapWantsTheOldestFirst) {
  WriteDays(4);
  Open(2 * kRowBytes + kSlack);
  ASSERT_THAT(Put(4, "4", 10), IsOk());
  EXPECT_THAT(Days(), ElementsAre("2027-01-17", "2027-01-18", "2027-01-19"));
  EXPECT_THAT(Rows(), ElementsAre("4", HasSubstr(" 2027-01-16 with 1 rows removed"),
                                  HasSubstr(" 2027-01-15 with 1 rows removed"), "3", "2"));
}

TEST_F(SqliteLedgerCapTest, ARemovedDayIsToldOnceAcrossARestart) {
  WriteDays(2);
  for (const char* jti : {"a", "b"}) {
    Open(kRowBytes + kSlack);
    ASSERT_THAT(Put(2, jti, 10), IsOk());
  }
  EXPECT_THAT(Rows(), ElementsAre("b", "a", HasSubstr(" 2027-01-15 with 1 rows removed"), "1"));
}

TEST_F(SqliteLedgerCapTest, ADayThatCannotBeReadGoesToo) {
  WriteDays(1);
  std::ofstream(ledger_folder_ + "/ledger-2027-01-14.sqlite") << std::string(kRowBytes, 'x');
  Open(kRowBytes + kSlack);
  ASSERT_THAT(Put(1, "1", 10), IsOk());
  EXPECT_THAT(Days(), ElementsAre("2027-01-15", "2027-01-16"));
  EXPECT_THAT(Rows(), ElementsAre("1", HasSubstr(" 2027-01-14 with rows that cannot be read removed"), "0"));
}

TEST_F(SqliteLedgerCapTest, TheJournalLeftBesideADayCountsAndGoesWithIt) {
  WriteDays(1);
  const std::string journal = ledger_folder_ + "/ledger-2027-01-14.sqlite-wal";
  std::ofstream(ledger_folder_ + "/ledger-2027-01-14.sqlite") << "no database, so that SQLite leaves the journal alone";
  std::ofstream(journal) << std::string(kRowBytes, 'x');
  Open(kRowBytes + kSlack);
  ASSERT_THAT(Put(1, "1", 10), IsOk());
  EXPECT_THAT(Days(), ElementsAre("2027-01-15", "2027-01-16"));
  EXPECT_FALSE(std::filesystem::exists(journal));
}

TEST_F(SqliteLedgerCapTest, ThePresentDayIsNeverRemovedAndARowTellsWhereItEnds) {
  Open(kRowBytes);
  ASSERT_THAT(Put(0, "0"), IsOk());
  for (const char* jti : {"a", "b"}) {
    EXPECT_THAT(Put(0, jti), StatusIs(absl::StatusCode::kUnavailable,
                                      AllOf(StartsWith("ledger: "), HasSubstr(" want at most 200000"))));
  }
  EXPECT_THAT(ledger_->health(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ledger_->rows_lost(), 2u);
  EXPECT_THAT(Rows(), ElementsAre(HasSubstr(" bytes in the present day, rows lost after this one, want at most 200000"),
                                  "0"));
}

TEST_F(SqliteLedgerCapTest, AfterAFullDayTheNextOneTakesRowsAndTellsWhatIsMissing) {
  Open(kRowBytes);
  ASSERT_THAT(Put(0, "0"), IsOk());
  for (const char* jti : {"a", "b"}) EXPECT_THAT(Put(0, jti), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Put(1, "1"), IsOk());
  EXPECT_THAT(ledger_->health(), IsOk());
  EXPECT_THAT(Days(), ElementsAre("2027-01-16"));
  EXPECT_THAT(Rows(), ElementsAre("1", "ledger: 2 rows lost before this one, want a file that takes them",
                                  HasSubstr(" 2027-01-15 with 2 rows removed")));  // "0", and where it ended
}

TEST_F(SqliteLedgerCapTest, AFullDayIsFullAfterARestartToo) {
  Open(kRowBytes);
  ASSERT_THAT(Put(0, "0"), IsOk());
  Open(kRowBytes);
  EXPECT_THAT(Put(0, "a"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Rows(), ElementsAre(HasSubstr("rows lost after this one"), "0"));
}

TEST_F(SqliteLedgerCapTest, ALateRowOfYesterdayRemovesNeitherYesterdayNorToday) {
  WriteDays(2);
  Open(kRowBytes);
  EXPECT_THAT(Put(0, "late"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Days(), ElementsAre("2027-01-15", "2027-01-16"));
}

TEST_F(SqliteLedgerCapTest, ReadersSeeWholeDaysWhileDaysGo) {
  Open(3 * kRowBytes);  // with their schema, more than two days and less than three, whoever reads them
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const auto rows = ledger_->Newest("m", 1000);
        ASSERT_THAT(rows, IsOk());
        for (size_t row = 1; row < rows->size(); ++row) {
          ASSERT_EQ((*rows)[row].at, (*rows)[row - 1].at - absl::Hours(24));
        }
      }
    });
  }
  for (int day = 0; day < 30; ++day) EXPECT_THAT(Put(day, absl::StrCat(day)), IsOk());
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(ledger_->rows_lost(), 0u);
  EXPECT_THAT(Days(), ElementsAre("2027-02-11", "2027-02-12", "2027-02-13"));  // none came back under a reader
}

}  // namespace
}  // namespace storage
