// What every MachineStore promises, the fake included.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/host_store.h"
#include "storage/machine_history.h"
#include "storage/machine_store.h"
#include "storage/rocksdb_machine_store.h"
#include "tests/fakes/memory_machine_store.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

using storage::EventRecord;
using storage::MachineChange;
using storage::MachineRecord;
using storage::MachineState;
using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

// One object with all of a worker's store in it.
struct Store {
  std::shared_ptr<void> owner;
  storage::MachineStore* machines;
  storage::MachineHistory* history;
  storage::HostStore* host;
  storage::MachineStore* operator->() const { return machines; }
};

template <typename Backend>
Store StoreOf(std::shared_ptr<Backend> backend) {
  return {backend, backend.get(), backend.get(), backend.get()};
}

struct Backend {
  const char* name;
  std::function<Store(const std::string& folder)> open;
};

class MachineStoreContractTest : public testing::TestWithParam<Backend> {
 protected:
  MachineRecord Machine(const std::string& id = "148e21ea7e46e8") {
    MachineRecord record;
    record.id = id;
    record.name = "m1";
    record.organization_id = 11;
    record.state = MachineState::kCreated;
    record.desired = {.version = "01HTGGC1TZ2JHK83J4AC0R3VET",
                      .image = "host",
                      .image_digest = "sha256:00",
                      .placement_sha256 = std::string(32, 'p'),
                      .config = std::string("\0\xff", 2)};
    record.created_at = kNow;
    record.updated_at = kNow;
    return record;
  }
  EventRecord Event(const std::string& type) { return {.type = type, .source = "user", .at = kNow}; }

  ScratchFolder folder_;
  Store store_ = GetParam().open(folder_.path() + "/store");
};

TEST_P(MachineStoreContractTest, WhatWasCommittedComesBack) {
  MachineRecord machine = Machine();
  machine.boot = storage::BootRecord{.boot_id = "b",
                                     .version = machine.desired,
                                     .generation = 3,
                                     .macaroon_kid = "k",
                                     .macaroon_rnd = std::string(16, '\0'),
                                     .answered = true,
                                     .started_at = kNow,
                                     .runner = storage::RunnerIdentity{.pid = 7, .start_ticks = 9, .host_boot_id = "h"},
                                     .exit = storage::ExitReport{.exit_code = 137, .signal = 9, .exited_at = kNow}};
  ASSERT_THAT(store_->Commit({.record = machine}), IsOk());
  const absl::StatusOr<MachineRecord> got = store_->Get(machine.id);
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->revision, 1u);
  EXPECT_EQ(got->desired.config, machine.desired.config);
  ASSERT_TRUE(got->boot.has_value());
  EXPECT_TRUE(got->boot->answered);
  EXPECT_EQ(got->boot->macaroon_rnd, std::string(16, '\0'));
  ASSERT_TRUE(got->boot->runner.has_value());
  EXPECT_EQ(got->boot->runner->start_ticks, 9u);
  ASSERT_TRUE(got->boot->exit.has_value());
  EXPECT_EQ(got->boot->exit->exit_code, 137);
  EXPECT_EQ(got->boot->exit->exited_at, kNow);
}

TEST_P(MachineStoreContractTest, AnUnknownMachineIsNotFound) {
  EXPECT_THAT(store_->Get("148e21ea7e46e8"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("148e21ea7e46e8")));
}

TEST_P(MachineStoreContractTest, SecondWriterOfTheSameRevisionIsAborted) {
  ASSERT_THAT(store_->Commit({.record = Machine()}), IsOk());
  EXPECT_THAT(store_->Commit({.record = Machine()}),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("revision 0, store has 1")));
  ASSERT_THAT(store_->Commit({.record = Machine(), .expected_revision = 1}), IsOk());
  EXPECT_EQ(store_->Get(Machine().id)->revision, 2u);
}

TEST_P(MachineStoreContractTest, AnAbortedCommitLeavesNothingBehind) {
  ASSERT_THAT(store_->Commit({.record = Machine()}), IsOk());
  MachineChange change{.record = Machine(), .expected_revision = 9, .events = {Event("start")}};
  change.operation = storage::OperationRecord{.id = "o"};
  change.placements = {{"hash", "placement"}};
  change.answer = {{"request", {}}};
  EXPECT_FALSE(store_->Commit(change).ok());
  EXPECT_TRUE(store_.history->Events(Machine().id, 0, 10)->empty());
  EXPECT_TRUE(store_->Operations()->empty());
  EXPECT_THAT(store_->GetPlacement("hash"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->GetAnswer("request"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(MachineStoreContractTest, EventsAreNumberedWithoutGapsForEachMachine) {
  ASSERT_THAT(store_->Commit({.record = Machine("a"), .events = {Event("one"), Event("two")}}), IsOk());
  ASSERT_THAT(store_->Commit({.record = Machine("b"), .events = {Event("other")}}), IsOk());
  ASSERT_THAT(store_->Commit({.record = Machine("a"), .expected_revision = 1, .events = {Event("three")}}), IsOk());
  const auto events = store_.history->Events("a", 1, 10);
  ASSERT_THAT(events, IsOk());
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ((*events)[0].type, "two");
  EXPECT_EQ((*events)[1].sequence, 3u);
  EXPECT_EQ(store_.history->Events("a", 0, 1)->size(), 1u);
}

TEST_P(MachineStoreContractTest, ListsByIdInPages) {
  for (const char* id : {"c", "a", "b"}) ASSERT_THAT(store_->Commit({.record = Machine(id)}), IsOk());
  const auto first = store_->List("", 2);
  ASSERT_THAT(first, IsOk());
  ASSERT_EQ(first->size(), 2u);
  EXPECT_EQ((*first)[0].id, "a");
  const auto second = store_->List("b", 2);
  ASSERT_EQ(second->size(), 1u);
  EXPECT_EQ((*second)[0].id, "c");
}

TEST_P(MachineStoreContractTest, AnOperationStandsUntilItIsEnded) {
  MachineChange begin{.record = Machine()};
  begin.operation = storage::OperationRecord{.id = "o",
                                             .kind = "start",
                                             .step = "launch",
                                             .source = "user",
                                             .attempts = 2,
                                             .created_at = kNow,
                                             .step_at = kNow,
                                             .deadline = absl::InfiniteFuture(),
                                             .signal = 15,
                                             .timeout = absl::Milliseconds(1500),
                                             .error = "runtime: away"};
  ASSERT_THAT(store_->Commit(begin), IsOk());
  ASSERT_THAT(store_->Commit({.record = Machine(), .expected_revision = 1}), IsOk());
  const auto standing = store_->Operations();
  ASSERT_EQ(standing->size(), 1u);
  EXPECT_EQ((*standing)[0].first, Machine().id);
  EXPECT_EQ((*standing)[0].second.step, "launch");
  const absl::StatusOr<storage::OperationRecord> one = store_->GetOperation(Machine().id);
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(one->attempts, 2u);
  EXPECT_EQ(one->deadline, absl::InfiniteFuture());
  EXPECT_EQ(one->timeout, absl::Milliseconds(1500));
  EXPECT_EQ(one->error, "runtime: away");
  MachineChange end{.record = Machine(), .expected_revision = 2};
  end.operation.emplace(std::nullopt);
  ASSERT_THAT(store_->Commit(end), IsOk());
  EXPECT_TRUE(store_->Operations()->empty());
  EXPECT_THAT(store_->GetOperation(Machine().id), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(MachineStoreContractTest, WhatGuardsAMachineComesBack) {
  MachineRecord machine = Machine();
  machine.restarts = 3;
  machine.metadata = {{"role", "db"}};
  machine.metadata_revision = 4;
  machine.lease = storage::Lease{.nonce = "0123456789ab", .owner = "cp", .description = "deploy", .expires_at = kNow};
  machine.last_operation = storage::FinishedOperation{.id = "o", .kind = "stop", .error = "e", .finished_at = kNow};
  ASSERT_THAT(store_->Commit({.record = machine}), IsOk());
  const absl::StatusOr<MachineRecord> got = store_->Get(machine.id);
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->restarts, 3u);
  EXPECT_EQ(got->metadata, machine.metadata);
  EXPECT_EQ(got->metadata_revision, 4u);
  EXPECT_EQ(got->lease->owner, "cp");
  EXPECT_EQ(got->lease->expires_at, kNow);
  EXPECT_EQ(got->last_operation->error, "e");
}

TEST_P(MachineStoreContractTest, TheFeedNumbersTheEventsOfAllMachinesInTheOrderOfTheirCommits) {
  ASSERT_THAT(store_->Commit({.record = Machine("a"), .events = {Event("one"), Event("two")}}), IsOk());
  ASSERT_THAT(store_->Commit({.record = Machine("b"), .events = {Event("three")}}), IsOk());
  const auto feed = store_.history->Feed(1, 10);
  ASSERT_THAT(feed, IsOk());
  ASSERT_EQ(feed->size(), 2u);
  EXPECT_EQ((*feed)[0].sequence, 2u);
  EXPECT_EQ((*feed)[0].event.type, "two");
  EXPECT_EQ((*feed)[1].machine_id, "b");
  EXPECT_EQ((*feed)[1].event.sequence, 1u);
  EXPECT_EQ(store_.history->Feed(0, 1)->size(), 1u);
  EXPECT_EQ(store_.history->feed_range().last, 3u);
}

TEST_P(MachineStoreContractTest, ACompactedFeedSaysSoAndKeepsItsNumbers) {
  EventRecord old = Event("old");
  old.at = kNow - absl::Hours(200);
  MachineChange change{.record = Machine(), .events = {old, Event("new")}};
  change.answer = {{"r1", {.request_sha256 = "s", .answer = "a", .expires_at = kNow}}};
  ASSERT_THAT(store_->Commit(change), IsOk());
  ASSERT_THAT(store_.history->Compact(kNow - absl::Hours(168), kNow), IsOk());
  EXPECT_THAT(store_.history->Feed(0, 10), StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("want 1..2")));
  EXPECT_THAT(store_.history->Feed(3, 10), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_EQ(store_.history->Feed(1, 10)->at(0).sequence, 2u);
  EXPECT_EQ(store_.history->Events(Machine().id, 0, 10)->at(0).sequence, 2u);
  EXPECT_THAT(store_->GetAnswer("r1"), StatusIs(absl::StatusCode::kNotFound));
  ASSERT_THAT(store_->Commit({.record = Machine(), .expected_revision = 1, .events = {Event("newest")}}), IsOk());
  EXPECT_EQ(store_.history->Events(Machine().id, 2, 10)->at(0).sequence, 3u);
}

TEST_P(MachineStoreContractTest, OfManyWritersOfOneRevisionOneWinsAndNumbersHaveNoGap) {
  constexpr int kWriters = 16;
  std::atomic<int> won = 0;
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      won += store_->Commit({.record = Machine("shared"), .events = {Event("shared")}}).ok() ? 1 : 0;
      EXPECT_THAT(store_->Commit({.record = Machine(absl::StrCat("own", i)), .events = {Event("own")}}), IsOk());
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(won, 1);
  const auto feed = store_.history->Feed(0, 100);
  ASSERT_EQ(feed->size(), kWriters + 1u);
  for (size_t i = 0; i < feed->size(); ++i) EXPECT_EQ((*feed)[i].sequence, i + 1);
}

TEST_P(MachineStoreContractTest, TheHostIsNotCordonedUntilItIsSo) {
  EXPECT_FALSE(store_.host->GetHost()->cordoned);
  ASSERT_THAT(store_.host->PutHost({.cordoned = true, .reason = "kernel", .changed_at = kNow}), IsOk());
  EXPECT_EQ(store_.host->GetHost()->reason, "kernel");
}

TEST_P(MachineStoreContractTest, PlacementsAndAnswersAreKept) {
  MachineChange change{.record = Machine()};
  change.placements = {{std::string(32, 'h'), "placement"}};
  change.answer = {{"r1", {.request_sha256 = "s", .answer = "a", .expires_at = kNow}}};
  ASSERT_THAT(store_->Commit(change), IsOk());
  EXPECT_THAT(store_->GetPlacement(std::string(32, 'h')), IsOkAndHolds("placement"));
  EXPECT_EQ(store_->GetAnswer("r1")->answer, "a");
}

TEST_P(MachineStoreContractTest, IncarnationIsThirtyTwoHexDigits) { EXPECT_EQ(store_->incarnation().size(), 32u); }

INSTANTIATE_TEST_SUITE_P(
    All, MachineStoreContractTest,
    testing::Values(Backend{"Memory", [](const std::string&) { return StoreOf(std::make_shared<MemoryMachineStore>()); }},
                    Backend{"RocksDb", [](const std::string& folder) {
                              auto store = storage::RocksDbMachineStore::Open(folder);
                              EXPECT_THAT(store, IsOk());
                              return StoreOf(std::shared_ptr<storage::RocksDbMachineStore>(*std::move(store)));
                            }}),
    [](const auto& info) { return info.param.name; });

TEST(RocksDbMachineStoreTest, AReopenedStoreHasWhatWasCommittedAndTheSameIncarnation) {
  const ScratchFolder folder;
  std::string incarnation;
  {
    auto store = storage::RocksDbMachineStore::Open(folder.path());
    ASSERT_THAT(store, IsOk());
    incarnation = (*store)->incarnation();
    MachineRecord machine;
    machine.id = "a";
    const auto event = [](absl::Time at) { return EventRecord{.type = "start", .at = at}; };
    ASSERT_THAT((*store)->Commit({.record = machine, .events = {event(kNow), event(kNow + absl::Hours(1))}}), IsOk());
    ASSERT_THAT((*store)->Compact(kNow + absl::Minutes(1), kNow), IsOk());
  }
  auto store = storage::RocksDbMachineStore::Open(folder.path());
  ASSERT_THAT(store, IsOk());
  EXPECT_EQ((*store)->incarnation(), incarnation);
  EXPECT_THAT((*store)->Get("a"), IsOk());
  EXPECT_EQ((*store)->feed_range().compacted, 1u);
  EXPECT_EQ((*store)->feed_range().last, 2u);
}

TEST(RocksDbMachineStoreTest, ASecondProcessIsRefused) {
  const ScratchFolder folder;
  auto first = storage::RocksDbMachineStore::Open(folder.path());
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(storage::RocksDbMachineStore::Open(folder.path()), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("lock")));
}

}  // namespace
}  // namespace tests
