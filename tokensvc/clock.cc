#include "tokensvc/clock.h"

#include <time.h>

#include "absl/time/clock.h"

namespace tokensvc {
namespace {

class KernelClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }

  absl::Duration Monotonic() const override {
    timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return absl::DurationFromTimespec(now);
  }
};

}  // namespace

const Clock& RealClock() {
  static const KernelClock* const clock = new KernelClock;
  return *clock;
}

}  // namespace tokensvc
