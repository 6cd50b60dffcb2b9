#ifndef TESTS_FAKES_FAKE_CLOCK_H_
#define TESTS_FAKES_FAKE_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tokensvc/clock.h"

namespace tests {

// A clock that moves only when told to. Thread-safe.
class FakeClock final : public tokensvc::Clock {
 public:
  explicit FakeClock(absl::Time now) : now_(now) {}

  absl::Time Now() const override {
    absl::MutexLock lock(&mu_);
    return now_;
  }
  absl::Duration Monotonic() const override {
    absl::MutexLock lock(&mu_);
    return monotonic_;
  }

  // Both clocks move on.
  void Advance(absl::Duration by) {
    absl::MutexLock lock(&mu_);
    now_ += by;
    monotonic_ += by;
  }

  // The wall clock alone is set, as by a step.
  void StepWall(absl::Time now) {
    absl::MutexLock lock(&mu_);
    now_ = now;
  }

 private:
  mutable absl::Mutex mu_;
  absl::Time now_ ABSL_GUARDED_BY(mu_);
  absl::Duration monotonic_ ABSL_GUARDED_BY(mu_) = absl::Hours(1);
};

}  // namespace tests

#endif  // TESTS_FAKES_FAKE_CLOCK_H_
