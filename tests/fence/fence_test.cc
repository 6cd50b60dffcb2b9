// The fence: once Stop has answered, no token of that boot is written. Random interleavings of mints with Stop, Start and
// Update, each from a seed that a failure prints.
#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tests/supervisor/supervised_fixture.h"

namespace tests {
namespace {

using flyd::BootView;
using flyd::MachineState;
using View = std::shared_ptr<const BootView>;

// Whether the gate asks the fence before a write; without it the same schedules must leak, or they prove nothing.
enum class Gate { kFenced, kOpen };

class FenceTest : public SupervisedFixture {
 protected:
  struct Outcome {
    int written = 0;
    int leaked = 0;         // tokens of a boot whose stop had answered
    int wrong_version = 0;  // tokens that name another version than their boot's
  };

  void Step(int machine, std::mt19937& random, Gate gate, Outcome& outcome) {
    const std::string id = IdOf(machine);
    switch (random() % 6) {
      case 0:
      case 1:  // a request arrives: it keeps the boot that it began with
        if (const auto view = supervisor_->PresentBoot(id); view.ok()) waiting_.push_back(*view);
        return;
      case 2:
      case 3:
        return Answer(random, gate, outcome);
      case 4:
        return StopOrStart(id);
      default:
        return Update(machine);
    }
  }

  // The signer has signed: the token is written, or not.
  void Answer(std::mt19937& random, Gate gate, Outcome& outcome) {
    if (waiting_.empty()) return;
    const size_t chosen = random() % waiting_.size();
    const View view = waiting_[chosen];
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(chosen));
    const auto write = [&] {
      ++outcome.written;
      outcome.leaked += stopped_.contains(view->boot_id) ? 1 : 0;
      outcome.wrong_version += versions_[view->boot_id] != view->version ? 1 : 0;
    };
    if (gate == Gate::kOpen) return write();
    if (const absl::Status released = supervisor_->Release(*view, write); !released.ok()) {
      EXPECT_THAT(released, StatusIs(absl::StatusCode::kAborted));
    }
  }

  void StopOrStart(const std::string& id) {
    const storage::MachineRecord before = *store_.Get(id);
    if ((before.state != MachineState::kStopping && flyd::HasLiveBoot(before))) {
      const absl::StatusOr<storage::MachineRecord> stopped = supervisor_->Stop(id, {}, {});
      if (stopped.ok()) stopped_.insert(stopped->boot->boot_id);
      return;
    }
    const absl::StatusOr<storage::MachineRecord> started = supervisor_->Start(id, {});
    if (started.ok()) versions_[started->boot->boot_id] = started->boot->version.version;
  }

  void Update(int machine) {
    const absl::StatusOr<storage::MachineRecord> updated =
        supervisor_->Update(IdOf(machine), {}, {.placement = PlacementOf(machine, ++version_)});
    // The new boot comes by itself; what it is, is in the record before anyone can ask with it.
    if (updated.ok() && updated->state == MachineState::kUpdating) {
      const std::string old = updated->boot->boot_id;
      while (store_.Get(updated->id)->boot->boot_id == old) std::this_thread::yield();
      const storage::MachineRecord now = *store_.Get(updated->id);
      versions_[now.boot->boot_id] = now.boot->version.version;
    }
  }

  Outcome RunSchedules(int count, Gate gate) {
    Outcome outcome;
    for (int seed = 1; seed <= count; ++seed) {
      std::mt19937 random(seed);
      waiting_.clear();
      const storage::MachineRecord launched = Launch(seed);
      // So that requests of it can arrive, however slow the host is.
      while (!store_.Get(launched.id)->boot->runner.has_value()) std::this_thread::yield();
      versions_[launched.boot->boot_id] = launched.boot->version.version;
      const int before = outcome.leaked + outcome.wrong_version;
      for (int step = 0; step < 12; ++step) Step(seed, random, gate, outcome);
      if (gate == Gate::kFenced && outcome.leaked + outcome.wrong_version != before) ADD_FAILURE() << "seed " << seed;
    }
    return outcome;
  }

  std::vector<View> waiting_;
  std::set<std::string> stopped_;
  std::map<std::string, std::string> versions_;
  int version_ = 1;
};

TEST_F(FenceTest, InTenThousandInterleavingsNoTokenLeavesAfterItsBootsStopAnswered) {
  const Outcome outcome = RunSchedules(10'000, Gate::kFenced);
  EXPECT_EQ(outcome.leaked, 0);
  EXPECT_EQ(outcome.wrong_version, 0);
  EXPECT_GT(outcome.written, 1'000);
  RecordProperty("written", outcome.written);
}

TEST_F(FenceTest, TheSameInterleavingsLeakWithoutTheFence) {
  EXPECT_GT(RunSchedules(1'000, Gate::kOpen).leaked, 100);
}

TEST_F(FenceTest, WritersOnOtherThreadsNeverWriteAfterStopAnswered) {
  for (int machine = 1; machine <= 200; ++machine) {
    Launch(machine);
    const std::string id = IdOf(machine);
    std::atomic<bool> stop_answered = false;
    std::atomic<int> late = 0;
    std::atomic<int> written = 0;
    std::vector<std::thread> writers;
    for (int i = 0; i < 2; ++i) {
      writers.emplace_back([&] {
        while (!stop_answered) {
          const auto view = supervisor_->PresentBoot(id);
          if (!view.ok()) continue;
          // Refused writes are what the fence is for: only those that happen are judged.
          supervisor_->Release(**view, [&] { late += stop_answered ? 1 : 0, ++written; }).IgnoreError();
        }
      });
    }
    while (written == 0) std::this_thread::yield();
    ASSERT_THAT(supervisor_->Stop(id, {}, {}), IsOk());
    stop_answered = true;
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(late, 0) << "machine " << machine;
  }
}

}  // namespace
}  // namespace tests
