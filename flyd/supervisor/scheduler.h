#ifndef FLYD_SUPERVISOR_SCHEDULER_H_
#define FLYD_SUPERVISOR_SCHEDULER_H_

#include <functional>

#include "absl/time/time.h"

namespace flyd {

// Runs tasks, now or later. Thread-safe.
class Scheduler {
 public:
  virtual ~Scheduler() = default;

  // `delay` is of monotonic time; zero or less: as soon as may be. The task never runs inside this call.
  virtual void RunAfter(absl::Duration delay, std::function<void()> task) = 0;

  // From now on nothing begins; returns when what had begun has ended.
  virtual void Stop() = 0;
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_SCHEDULER_H_
