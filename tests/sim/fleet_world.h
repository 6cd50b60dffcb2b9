#ifndef TESTS_SIM_FLEET_WORLD_H_
#define TESTS_SIM_FLEET_WORLD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/sequential_ids.h"
#include "tests/supervisor/sim_worker.h"

namespace tests {

struct FleetWorldOptions {
  uint32_t seed = 1;
  int workers = 50;
  int machines = 1000;  // that stand at one time, at most
  int steps = 100'000;  // random orders, faults and waits
};

// A fleet in one process and in virtual time: a control plane that places, moves and destroys machines at random, workers
// whose hosts and workloads fail by the seed's script, and what must hold all the while. Deterministic. For one thread.
class FleetWorld {
 public:
  explicit FleetWorld(const FleetWorldOptions& options);

  // Lives all steps, then lets everything settle and looks at every machine.
  void Run();

  // How often each order, fault and check came.
  const std::map<std::string, int64_t>& counts() const { return counts_; }
  // What did not hold; at most a hundred lines.
  const std::vector<std::string>& broken() const { return broken_; }

 private:
  enum class Wanted { kRunning, kStopped, kSuspended, kDestroyed };
  struct Machine {
    std::string id;
    size_t worker = 0;
    int generation = 1;
    int version = 1;
    Wanted wanted = Wanted::kRunning;
    bool faulty = false;     // since the last order: it may have failed, or ended by itself
    size_t moves_to = SIZE_MAX;  // it is being destroyed on `worker`, and goes there then
  };

  void Order();
  void Place(Machine& machine);
  void FinishMove(Machine& machine);
  Machine NewMachine();
  absl::Status Send(const std::string& order, Machine& machine);
  void Fault();
  void EndFaults();
  void Pass(absl::Duration time);
  void Settle();
  void CheckFence(const Machine& machine);
  void CheckMachine(const Machine& machine);
  void CheckWorker(SimWorker& worker);
  std::string PlacementOf(const Machine& machine) const;
  Machine& Pick() { return machines_[random_() % machines_.size()]; }
  SimWorker& WorkerOf(const Machine& machine) { return *workers_[machine.worker]; }
  void Expect(bool holds, const std::string& what);

  const FleetWorldOptions options_;
  std::mt19937 random_;
  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  SequentialIds ids_;
  Es256TestKey authority_;
  std::vector<std::unique_ptr<SimWorker>> workers_;
  std::set<SimWorker*> refusing_;  // they start nothing
  std::vector<Machine> machines_;
  uint64_t placed_ = 0;
  std::map<std::string, int64_t> counts_;
  std::vector<std::string> broken_;
};

}  // namespace tests

#endif  // TESTS_SIM_FLEET_WORLD_H_
