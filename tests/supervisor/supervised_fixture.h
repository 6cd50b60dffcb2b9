#ifndef TESTS_SUPERVISOR_SUPERVISED_FIXTURE_H_
#define TESTS_SUPERVISOR_SUPERVISED_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "flyd/runtime/simulated_runtime.h"
#include "flyd/supervisor/executor.h"
#include "flyd/supervisor/supervisor.h"
#include "gtest/gtest.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/memory_machine_store.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/sequential_ids.h"
#include "tests/supervisor/recorded_sockets.h"
#include "tokensvc/clock.h"
#include "tokensvc/placement/placement.h"

namespace tests {

// A supervisor on a store in memory and the simulated runtime, both of which outlive it: Restart is kill and start.
class SupervisedFixture : public testing::Test {
 protected:
  SupervisedFixture();

  // The supervisor of before is gone; the next has recovered.
  void Restart();

  // A signed placement; `machine` is the number of the machine, `version` of its configuration, both from 1.
  std::string PlacementOf(int machine, int version, uint64_t generation = 1) const;
  static std::string IdOf(int machine);

  // Creates and starts; in state starting.
  storage::MachineRecord Launch(int machine);
  // The same, and PID 1 has reported: in state started.
  storage::MachineRecord LaunchStarted(int machine);
  // Until the runtime has started the machine's boot.
  void AwaitRunning(const std::string& id);
  void ReportStarted(const std::string& id);
  storage::MachineRecord AwaitState(const std::string& id, flyd::MachineState state);

  ScratchFolder folder_;
  Es256TestKey key_;
  MemoryMachineStore store_;
  flyd::SimulatedRuntime runtime_{tokensvc::RealClock()};
  RecordedSockets sockets_;
  SequentialIds ids_;
  std::unique_ptr<storage::Keyring> keyring_;
  std::unique_ptr<flyd::Executor> executor_;
  std::unique_ptr<flyd::Supervisor> supervisor_;
};

}  // namespace tests

#endif  // TESTS_SUPERVISOR_SUPERVISED_FIXTURE_H_
