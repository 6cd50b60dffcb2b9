#ifndef FLYD_INIT_WORKLOAD_WORKLOAD_HOLD_H_
#define FLYD_INIT_WORKLOAD_WORKLOAD_HOLD_H_

#include <sys/types.h>

#include <set>

namespace flyd {

// Stops every process of the machine but PID 1, which calls this, and lets them go on. What stopped itself before (a job
// that a shell suspended) stays stopped. A workload sees what SIGSTOP and SIGCONT make visible: its handlers of SIGCONT
// run, and its parents that wait with WUNTRACED are told.
class WorkloadHold {
 public:
  // Who stops the processes: this, or the runner, which freezes their group and to which this is only the word that nothing
  // new may begin.
  enum class By { kSignals, kRunner };
  explicit WorkloadHold(By by) : by_(by) {}

  bool held() const { return held_; }

  // No process of the workload runs when this returns, and none can start one: a fork that has begun is stopped too.
  void Hold();
  void Release();

 private:
  const By by_;
  bool held_ = false;
  std::set<pid_t> stopped_before_;
};

}  // namespace flyd

#endif  // FLYD_INIT_WORKLOAD_WORKLOAD_HOLD_H_
