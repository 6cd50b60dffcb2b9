#ifndef TESTS_MODEL_LIFE_WORLD_H_
#define TESTS_MODEL_LIFE_WORLD_H_

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "flyd/runtime/simulated_runtime.h"
#include "flyd/supervisor/supervisor.h"
#include "tests/fakes/cutting_store.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_keyring.h"
#include "tests/fakes/memory_machine_store.h"
#include "tests/fakes/sequential_ids.h"
#include "tests/fakes/step_scheduler.h"
#include "tests/supervisor/recorded_sockets.h"

namespace tests {

// What all worlds share, because signing placements is what they cost.
class LifePlacements {
 public:
  explicit LifePlacements(absl::Time now);
  // Of the machine's `version`, from 1 to kVersions.
  const std::string& Of(int version) const { return signed_.at(static_cast<size_t>(version - 1)); }
  const Es256TestKey& key() const { return key_; }
  static constexpr int kVersions = 16;

 private:
  Es256TestKey key_;
  std::vector<std::string> signed_;
};

// The real supervisor with one machine on the simulated runtime, in virtual time, on a store that is lost at one chosen
// write; beside it a reference model that knows only which orders were acknowledged and what the workload did by itself.
// A client repeats an order that it got no answer to, with the same request id, until it is answered.
class LifeWorld {
 public:
  struct Cut {
    int write = 0;  // 0: none
    CuttingStore::Cut where = CuttingStore::Cut::kBefore;
  };

  LifeWorld(const LifePlacements& placements, uint32_t seed, Cut cut);

  // Lives `steps` random steps, then lets everything settle. Answers what does not hold, one line each.
  std::vector<std::string> Live(int steps);

  // What happened, for who reads a failure: one line an order, fault or event.
  std::string story() const;

  int writes() const { return store_.writes(); }
  const std::map<std::string, int>& orders_acknowledged() const { return acknowledged_; }

 private:
  enum class Wanted { kNothing, kRunning, kStopped, kSuspended, kDestroyed };

  void Restart();
  void Step();
  void Order();
  void Acknowledge(const std::string& order);
  absl::Status Send(const std::string& order, const flyd::Guard& guard);
  void RecoverFromLoss();
  void ReportStarted();
  void EndWorkload(int code);
  void Fault();
  void Settle();
  void CheckAlways();
  void CheckSettled();
  void CheckEvents();
  void Tell(const std::string& what);
  void Expect(bool holds, const std::string& what);
  storage::MachineRecord Record() const;
  bool Exists() const { return memory_.Get(id_).ok(); }

  const LifePlacements& placements_;
  std::mt19937 random_;
  FakeClock clock_;
  MemoryMachineStore memory_;
  CuttingStore store_{memory_};
  flyd::SimulatedRuntime runtime_{clock_};
  RecordedSockets sockets_;
  MemoryKeyring keyring_;
  SequentialIds ids_;
  std::unique_ptr<StepScheduler> scheduler_;
  std::unique_ptr<flyd::Supervisor> supervisor_;

  const std::string id_;
  std::string config_;
  bool restarts_always_ = false;
  int version_ = 1;
  int requests_ = 0;
  Wanted wanted_ = Wanted::kNothing;
  bool refusing_ = false;  // the runtime starts nothing
  bool faulty_ = false;    // since the last order: it may have failed
  std::map<std::string, int> acknowledged_;
  std::set<std::string> boots_seen_;
  uint64_t generation_ = 0;
  std::vector<std::string> broken_;
  std::vector<std::string> told_;
};

}  // namespace tests

#endif  // TESTS_MODEL_LIFE_WORLD_H_
