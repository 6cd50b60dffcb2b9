#include "storage/machine_store_care.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/machine_record_codec.h"
#include "storage/machine_store_keys.h"
#include "storage/rocksdb_families.h"
#include "storage/rocksdb_machine_store.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using storage::RocksDbFamilies;
using storage::RocksDbMachineStore;
using testing::HasSubstr;

constexpr char kId[] = "148e21ea7e46e8";

class MachineStoreCareTest : public testing::Test {
 protected:
  MachineStoreCareTest() { Put(0); }

  std::string Path(const std::string& name) const { return scratch_.path() + "/" + name; }
  std::string store() const { return Path("machines"); }

  // One more commit of the machine, in a store that is closed again.
  void Put(uint64_t revision) {
    const auto opened = RocksDbMachineStore::Open(store());
    ASSERT_THAT(opened, IsOk());
    storage::MachineChange change{.record = {.id = kId}, .expected_revision = revision};
    change.record.desired.placement_sha256 = "sha";
    change.events.push_back({.type = "launch", .at = absl::FromUnixSeconds(1'800'000'000)});
    change.placements = {{"sha", "placement"}};
    ASSERT_THAT((*opened)->Commit(change), IsOk());
  }

  // What no flyd writes: `changes` under the store's own records. Numbers of the families as in machine_store_format.md.
  enum Family : size_t { kEvents = 2, kOperations = 3 };
  void Tamper(const std::vector<RocksDbFamilies::Change>& changes) {
    const auto opened = RocksDbFamilies::Open(
        store(), {"default", "machines", "events", "operations", "placements", "answers", "feed"});
    ASSERT_THAT(opened, IsOk());
    ASSERT_THAT((*opened)->Write(changes), IsOk());
  }

  ScratchFolder scratch_;
};

TEST_F(MachineStoreCareTest, TellsWhatAStoreHolds) {
  const auto summary = storage::VerifyMachineStore(store());
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->machines, 1u);
  EXPECT_EQ(summary->events, 1u);
  EXPECT_EQ(summary->placements, 1u);
  EXPECT_EQ(summary->feed_last, 1u);
  EXPECT_EQ(summary->incarnation.size(), 32u);
}

TEST_F(MachineStoreCareTest, MakesNoStoreWhereThereIsNone) {
  EXPECT_THAT(storage::VerifyMachineStore(Path("absent")), StatusIs(StatusCode::kNotFound, HasSubstr("no machine store")));
  EXPECT_FALSE(fs::exists(Path("absent")));
}

TEST_F(MachineStoreCareTest, AStoreInUseIsLeftAlone) {
  const auto used = RocksDbMachineStore::Open(store());
  EXPECT_THAT(storage::VerifyMachineStore(store()), StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(storage::CheckpointMachineStore(store(), Path("copy")), StatusIs(StatusCode::kUnavailable));
}

TEST_F(MachineStoreCareTest, ARestoredCheckpointIsWhatItWasWithAnotherIncarnation) {
  const auto before = storage::CheckpointMachineStore(store(), Path("checkpoint"));
  ASSERT_THAT(before, IsOk());
  Put(1);
  EXPECT_THAT(storage::CheckpointMachineStore(store(), Path("checkpoint")),
              StatusIs(StatusCode::kUnavailable, HasSubstr("want a new folder")));
  const auto restored = storage::RestoreMachineStore(Path("checkpoint"), store());
  ASSERT_THAT(restored, IsOk());
  EXPECT_EQ(restored->feed_last, 1u);
  EXPECT_NE(restored->incarnation, before->incarnation);
  EXPECT_EQ(storage::VerifyMachineStore(store())->incarnation, restored->incarnation);
  EXPECT_EQ(storage::VerifyMachineStore(store() + ".replaced")->feed_last, 2u) << "what was replaced is lost";
  EXPECT_EQ(storage::VerifyMachineStore(Path("checkpoint"))->incarnation, before->incarnation);
  EXPECT_THAT(storage::RestoreMachineStore(Path("checkpoint"), store()), StatusIs(StatusCode::kAlreadyExists));
}

TEST_F(MachineStoreCareTest, ASlashAtTheEndOfAFolderChangesNothing) {
  ASSERT_THAT(storage::CheckpointMachineStore(store() + "/", Path("checkpoint/")), IsOk());
  ASSERT_THAT(storage::RestoreMachineStore(Path("checkpoint/"), store() + "/"), IsOk());
  EXPECT_THAT(storage::VerifyMachineStore(store() + ".replaced"), IsOk());
  EXPECT_FALSE(fs::exists(store() + ".restored"));
  EXPECT_FALSE(fs::exists(store() + "/.replaced")) << "the old store lies in the new one";
}

TEST_F(MachineStoreCareTest, ADamagedFileIsNamedAndTheStoreIsPutBack) {
  ASSERT_THAT(storage::CheckpointMachineStore(store(), Path("checkpoint")), IsOk());
  std::string damaged;
  for (const fs::directory_entry& entry : fs::directory_iterator(store())) {
    if (entry.path().extension() == ".sst" && damaged.empty()) damaged = entry.path();
  }
  ASSERT_NE(damaged, "") << "no table to damage";
  fs::remove(damaged);  // the checkpoint shares it by a hard link
  std::ofstream(damaged, std::ios::binary) << std::string(600, 'x');
  const auto verified = storage::VerifyMachineStore(store());
  EXPECT_THAT(verified, StatusIs(StatusCode::kDataLoss, HasSubstr(fs::path(damaged).filename().string())));
  EXPECT_THAT(verified, StatusIs(StatusCode::kDataLoss, HasSubstr("flydctl store restore")));
  EXPECT_THAT(storage::CheckpointMachineStore(store(), Path("of-damaged")), StatusIs(StatusCode::kDataLoss));
  EXPECT_FALSE(fs::exists(Path("of-damaged")));
  EXPECT_THAT(storage::RestoreMachineStore(Path("checkpoint"), store()), IsOk());
  EXPECT_THAT(storage::VerifyMachineStore(store()), IsOk());
}

TEST_F(MachineStoreCareTest, APlacementThatIsMissingIsNoticed) {
  {
    const auto opened = RocksDbMachineStore::Open(store());
    storage::MachineChange change{.record = {.id = "248e21ea7e46e8"}, .expected_revision = 0};
    change.record.desired.placement_sha256 = "never stored";
    ASSERT_THAT((*opened)->Commit(change), IsOk());
  }
  EXPECT_THAT(storage::VerifyMachineStore(store()),
              StatusIs(StatusCode::kDataLoss, HasSubstr("machine 248e21ea7e46e8 placement: absent")));
}

TEST_F(MachineStoreCareTest, AnEventThatIsMissingIsNoticed) {
  Put(1);
  Put(2);
  Tamper({{kEvents, storage::EventKey(kId, 2), std::nullopt}});
  EXPECT_THAT(storage::VerifyMachineStore(store()),
              StatusIs(StatusCode::kDataLoss, HasSubstr("event 3: out of order, want 2")));
  Tamper({{kEvents, storage::EventKey(kId, 3), std::nullopt}});
  EXPECT_THAT(storage::VerifyMachineStore(store()), StatusIs(StatusCode::kDataLoss, HasSubstr("events: end at 1, want 3")));
}

TEST_F(MachineStoreCareTest, AnOperationOfNoMachineIsNoticed) {
  Tamper({{kOperations, "348e21ea7e46e8", storage::EncodeOperation({.id = "1"})}});
  EXPECT_THAT(storage::VerifyMachineStore(store()), StatusIs(StatusCode::kDataLoss, HasSubstr("348e21ea7e46e8")));
}

}  // namespace
}  // namespace tests
