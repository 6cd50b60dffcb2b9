#ifndef FLYD_SUPERVISOR_EXECUTOR_H_
#define FLYD_SUPERVISOR_EXECUTOR_H_

#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tokensvc/clock.h"

namespace flyd {

// A few threads that run tasks, now or later, by the clock's monotonic time. Thread-safe.
class Executor {
 public:
  // `clock` is not owned and outlives this.
  Executor(int threads, const tokensvc::Clock& clock);

  // Drops what has not begun; waits for what has.
  ~Executor();

  void Run(std::function<void()> task) { RunAfter(absl::ZeroDuration(), std::move(task)); }
  void RunAfter(absl::Duration delay, std::function<void()> task) ABSL_LOCKS_EXCLUDED(mu_);

  // From now on nothing begins; returns when what had begun has ended. Called by the destructor too.
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);

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
