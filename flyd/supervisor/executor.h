#ifndef FLYD_SUPERVISOR_EXECUTOR_H_
#define FLYD_SUPERVISOR_EXECUTOR_H_

#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flyd/supervisor/scheduler.h"
#include "tokensvc/clock.h"

namespace flyd {

// A few threads that run tasks by the clock's monotonic time. Thread-safe.
class Executor final : public Scheduler {
 public:
  // `clock` is not owned and outlives this.
  Executor(int threads, const tokensvc::Clock& clock);

  // Drops what has not begun; waits for what has.
  ~Executor() override;

  void RunAfter(absl::Duration delay, std::function<void()> task) override ABSL_LOCKS_EXCLUDED(mu_);
  void Stop() override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void Work();

  const tokensvc::Clock& clock_;
  absl::Mutex mu_;
  absl::CondVar wake_;
  std::multimap<absl::Duration, std::function<void()>> tasks_ ABSL_GUARDED_BY(mu_);  // by when they are due
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_EXECUTOR_H_
