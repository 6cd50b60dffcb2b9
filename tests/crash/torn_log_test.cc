// A machine store whose log was cut or altered anywhere is a prefix of what was acknowledged, or says that it is damaged.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/machine_store_care.h"
#include "storage/rocksdb_machine_store.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

namespace fs = std::filesystem;
using storage::RocksDbMachineStore;
using testing::HasSubstr;

constexpr char kId[] = "148e21ea7e46e8";
constexpr uint64_t kCommits = 100;
constexpr uint64_t kCuts = 1000;
constexpr uint64_t kFlips = 100;

class TornLogTest : public testing::Test {
 protected:
  TornLogTest() {
    const auto store = RocksDbMachineStore::Open(folder());
    EXPECT_THAT(store, IsOk());
    std::string log;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder())) {
      if (entry.path().extension() == ".log" && entry.file_size() > 0) log = entry.path().filename();
    }
    log_ = log;
    lengths_.push_back(fs::file_size(fs::path(folder()) / log_));
    storage::MachineRecord record{.id = kId, .state = storage::MachineState::kCreated};
    for (uint64_t n = 1; n <= kCommits; ++n) {
      storage::MachineChange change{.record = record, .expected_revision = n - 1};
      change.record.metadata["n"] = std::string(n * 7 % 200, 'x');
      change.events.push_back({.type = "metadata", .at = absl::FromUnixSeconds(1'800'000'000)});
      change.placements = {{"", "placement"}};
      const auto committed = (*store)->Commit(change);
      EXPECT_THAT(committed, IsOk());
      record = *committed;
      lengths_.push_back(fs::file_size(fs::path(folder()) / log_));
    }
  }

  std::string folder() const { return scratch_.path() + "/machines"; }

  // A copy whose log is what `alter` makes of it.
  template <typename Alter>
  std::string CopyWith(Alter alter) {
    const fs::path copy = fs::path(scratch_.path()) / "copy";
    fs::remove_all(copy);
    fs::copy(folder(), copy, fs::copy_options::recursive);
    alter(copy / log_);
    return copy.string();
  }

  // How many commits are whole within so many bytes of the log.
  uint64_t Whole(uint64_t bytes) const {
    return static_cast<uint64_t>(std::upper_bound(lengths_.begin(), lengths_.end(), bytes) - lengths_.begin()) - 1;
  }

  // Commits in the store; its every record was read.
  static absl::StatusOr<uint64_t> CommitsIn(const std::string& copy) {
    const absl::StatusOr<storage::StoreSummary> summary = storage::VerifyMachineStore(copy);
    if (!summary.ok()) return summary.status();
    EXPECT_EQ(summary->events, summary->feed_last);
    return summary->feed_last;
  }

  ScratchFolder scratch_;
  std::string log_;
  std::vector<uint64_t> lengths_;  // of the log, after the n-th commit
};

TEST_F(TornLogTest, CutAnywhereItHoldsExactlyWhatWasWholeThere) {
  const uint64_t first = lengths_.front();
  const uint64_t last = lengths_.back();
  for (uint64_t i = 0; i < kCuts; ++i) {
    const uint64_t cut = first + (last - first) * i / (kCuts - 1);
    const std::string copy = CopyWith([cut](const fs::path& log) { fs::resize_file(log, cut); });
    EXPECT_THAT(CommitsIn(copy), IsOkAndHolds(Whole(cut))) << "cut at " << cut;
  }
}

TEST_F(TornLogTest, WithAByteAlteredItIsAPrefixOrNamesItselfAndTheRepair) {
  uint64_t refused = 0;
  for (uint64_t i = 0; i < kFlips; ++i) {
    const uint64_t at = lengths_.front() + (lengths_.back() - lengths_.front()) * i / kFlips;
    const std::string copy = CopyWith([at](const fs::path& log) {
      std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(static_cast<std::streamoff>(at));
      const int byte = file.get();
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(byte ^ 0x10));
    });
    const absl::StatusOr<uint64_t> commits = CommitsIn(copy);
    if (commits.ok()) {
      EXPECT_LE(*commits, kCommits);
      continue;
    }
    ++refused;
    EXPECT_THAT(commits, StatusIs(absl::StatusCode::kDataLoss, HasSubstr(copy))) << "altered at " << at;
    EXPECT_THAT(commits, StatusIs(absl::StatusCode::kDataLoss, HasSubstr("flydctl store restore"))) << "altered at " << at;
  }
  EXPECT_GT(refused, kFlips / 2);
}

}  // namespace
}  // namespace tests
