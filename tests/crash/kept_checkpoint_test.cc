#include "storage/kept_checkpoint.h"

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>

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
using absl::StatusCode;
using storage::RocksDbMachineStore;
using testing::HasSubstr;

constexpr char kId[] = "148e21ea7e46e8";

class KeptCheckpointTest : public testing::Test {
 protected:
  KeptCheckpointTest() { Put(0); }

  void Put(uint64_t revision) {
    storage::MachineChange change{.record = {.id = kId}, .expected_revision = revision};
    change.record.desired.placement_sha256 = "sha";
    change.events.push_back({.type = "launch", .at = absl::FromUnixSeconds(1'800'000'000)});
    change.placements = {{"sha", "placement"}};
    ASSERT_THAT(store_->Commit(change), IsOk());
  }

  static std::set<ino_t> FilesOf(const std::string& folder) {
    std::set<ino_t> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      struct stat info;
      if (stat(entry.path().c_str(), &info) == 0) files.insert(info.st_ino);
    }
    return files;
  }
  uint64_t RevisionKept() const {
    const auto copy = RocksDbMachineStore::OpenReadOnly(checkpoint_, absl::FailedPreconditionError("damaged"));
    return copy.ok() ? (*copy)->Get(kId)->revision : 0;
  }

  ScratchFolder scratch_;
  const std::string folder_ = scratch_.path() + "/machines";
  const std::string checkpoint_ = scratch_.path() + "/checkpoint";
  std::unique_ptr<RocksDbMachineStore> store_ = *RocksDbMachineStore::Open(folder_);
};

TEST_F(KeptCheckpointTest, IsTheStoreAsItIsInFilesOfItsOwn) {
  ASSERT_THAT(storage::KeepCheckpoint(*store_, checkpoint_, UINT64_MAX), IsOk());
  EXPECT_EQ(RevisionKept(), 1u);
  Put(1);
  ASSERT_THAT(storage::KeepCheckpoint(*store_, checkpoint_, UINT64_MAX), IsOk());
  EXPECT_EQ(RevisionKept(), 2u);
  const std::set<ino_t> own = FilesOf(checkpoint_);
  for (const ino_t file : FilesOf(folder_)) EXPECT_FALSE(own.contains(file)) << "a file of the store's";
  for (const char* left : {".links", ".new"}) EXPECT_FALSE(fs::exists(checkpoint_ + left)) << left;
}

TEST_F(KeptCheckpointTest, CanBeRestored) {
  ASSERT_THAT(storage::KeepCheckpoint(*store_, checkpoint_, UINT64_MAX), IsOk());
  store_.reset();
  const auto restored = storage::RestoreMachineStore(checkpoint_, folder_);
  ASSERT_THAT(restored, IsOk());
  EXPECT_EQ(restored->machines, 1u);
}

TEST_F(KeptCheckpointTest, WhatIsDamagedDoesNotTakeThePlaceOfWhatIsWhole) {
  ASSERT_THAT(storage::KeepCheckpoint(*store_, checkpoint_, UINT64_MAX), IsOk());
  Put(1);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    if (entry.path().extension() != ".sst") continue;
    std::fstream table(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    table << "damaged";
  }
  EXPECT_THAT(storage::KeepCheckpoint(*store_, checkpoint_, UINT64_MAX), StatusIs(StatusCode::kDataLoss, HasSubstr(".sst")));
  EXPECT_EQ(RevisionKept(), 1u);
}

TEST_F(KeptCheckpointTest, TakesNoMoreRoomThanItMay) {
  ASSERT_THAT(storage::KeepCheckpoint(*store_, checkpoint_, UINT64_MAX), IsOk());
  Put(1);
  EXPECT_THAT(storage::KeepCheckpoint(*store_, checkpoint_, 100),
              StatusIs(StatusCode::kUnavailable, HasSubstr("bytes to copy, 100 may be written")));
  EXPECT_EQ(RevisionKept(), 1u);
  EXPECT_FALSE(fs::exists(checkpoint_ + ".links"));
}

TEST_F(KeptCheckpointTest, WhatAKilledProcessLeftIsNoHindrance) {
  for (const char* left : {".links", ".new"}) {
    fs::create_directory(checkpoint_ + left);
    std::ofstream(checkpoint_ + left + "/CURRENT") << "half";
  }
  ASSERT_THAT(storage::KeepCheckpoint(*store_, checkpoint_, UINT64_MAX), IsOk());
  EXPECT_EQ(RevisionKept(), 1u);
}

TEST_F(KeptCheckpointTest, OpenedToReadItTakesNoChange) {
  ASSERT_THAT(storage::KeepCheckpoint(*store_, checkpoint_, UINT64_MAX), IsOk());
  const auto copy = RocksDbMachineStore::OpenReadOnly(checkpoint_, absl::FailedPreconditionError("damaged"));
  ASSERT_THAT(copy, IsOk());
  const auto refused = StatusIs(StatusCode::kFailedPrecondition, HasSubstr("damaged"));
  EXPECT_THAT((*copy)->Changeable(), refused);
  EXPECT_THAT((*copy)->Commit({.record = {.id = kId}, .expected_revision = 1}), refused);
  EXPECT_THAT((*copy)->PutHost({}), refused);
  EXPECT_THAT((*copy)->Compact(absl::UnixEpoch(), absl::UnixEpoch()), refused);
  EXPECT_THAT(store_->Changeable(), IsOk());
  EXPECT_THAT(RocksDbMachineStore::OpenReadOnly(scratch_.path() + "/absent", absl::OkStatus()),
              StatusIs(StatusCode::kUnavailable, HasSubstr("no store there")));
}

}  // namespace
}  // namespace tests
