#ifndef TESTS_FAKES_STEP_SCHEDULER_H_
#define TESTS_FAKES_STEP_SCHEDULER_H_

#include <functional>
#include <map>
#include <utility>

#include "absl/time/time.h"
#include "flyd/supervisor/scheduler.h"
#include "tests/fakes/fake_clock.h"

namespace tests {

// A Scheduler without threads: a task runs when the test says so, in the order in which tasks are due, at virtual times.
// For one thread.
class StepScheduler final : public flyd::Scheduler {
 public:
  explicit StepScheduler(FakeClock& clock) : clock_(clock) {}

  void RunAfter(absl::Duration delay, std::function<void()> task) override {
    if (!stopped_) tasks_.emplace(std::pair(clock_.Monotonic() + std::max(delay, absl::ZeroDuration()), ++last_), std::move(task));
  }
  void Stop() override {
    stopped_ = true;
    tasks_.clear();
  }

  bool idle() const { return tasks_.empty(); }
  // When the next task is due.
  absl::Duration next_at() const { return tasks_.begin()->first.first; }

  // Runs the next task; the clock goes on to its time. False: there is none.
  bool Step() {
    if (tasks_.empty()) return false;
    const auto next = tasks_.begin();
    const absl::Duration wait = next->first.first - clock_.Monotonic();
    if (wait > absl::ZeroDuration()) clock_.Advance(wait);
    const std::function<void()> task = std::move(next->second);
    tasks_.erase(next);
    task();
    return true;
  }

  // Runs what is due within `time`.
  void RunFor(absl::Duration time) {
    const absl::Duration end = clock_.Monotonic() + time;
    while (!tasks_.empty() && next_at() <= end) Step();
    if (clock_.Monotonic() < end) clock_.Advance(end - clock_.Monotonic());
  }

 private:
  FakeClock& clock_;
  std::map<std::pair<absl::Duration, int>, std::function<void()>> tasks_;
  int last_ = 0;
  bool stopped_ = false;
};

}  // namespace tests

#endif  // TESTS_FAKES_STEP_SCHEDULER_H_
