#ifndef TESTS_SUPERVISOR_SIM_WORKER_H_
#define TESTS_SUPERVISOR_SIM_WORKER_H_

#include <memory>
#include <set>
#include <string>

#include "flyd/runtime/simulated_runtime.h"
#include "flyd/supervisor/supervisor.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_keyring.h"
#include "tests/fakes/memory_machine_store.h"
#include "tests/fakes/step_scheduler.h"
#include "tests/supervisor/recorded_sockets.h"
#include "tokensvc/unique_id_source.h"

namespace tests {

// One flyd of a simulated fleet: the shipped supervisor on the simulated runtime, in virtual time. What its machines' PID 1
// would report is reported by Report. For one thread.
class SimWorker {
 public:
  // References are not owned and outlive this.
  SimWorker(std::string name, FakeClock& clock, tokensvc::UniqueIdSource& ids, const Es256TestKey& authority);

  // The process is killed and another starts; the store and the machines stay.
  void Restart();

  // A machine that boots says so, once its boot runs.
  void Report(const std::string& id);

  const std::string& name() const { return name_; }
  flyd::Supervisor& supervisor() { return *supervisor_; }
  flyd::SimulatedRuntime& runtime() { return runtime_; }
  StepScheduler& scheduler() { return *scheduler_; }
  MemoryMachineStore& store() { return store_; }
  bool HasSocket(const std::string& id) const { return sockets_.IsOpen(id); }

  std::set<std::string> booting;  // may report before long

 private:
  const std::string name_;
  FakeClock& clock_;
  tokensvc::UniqueIdSource& ids_;
  const Es256TestKey& authority_;
  MemoryMachineStore store_;
  MemoryKeyring keyring_;
  RecordedSockets sockets_;
  flyd::SimulatedRuntime runtime_{clock_};
  std::unique_ptr<StepScheduler> scheduler_;
  std::unique_ptr<flyd::Supervisor> supervisor_;
};

}  // namespace tests

#endif  // TESTS_SUPERVISOR_SIM_WORKER_H_
