#ifndef TOKENSVC_CLOCK_H_
#define TOKENSVC_CLOCK_H_

#include "absl/time/time.h"

namespace tokensvc {

// Source of time. Thread-safe. RealClock() is the only code that may call absl::Now() or read the kernel's clocks;
// storage never holds a Clock and takes absl::Time instead.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall time: what tokens, records and logs carry. May step.
  virtual absl::Time Now() const = 0;

  // Time since an unspecified start; never steps back and counts while the host sleeps. For intervals and backoff.
  virtual absl::Duration Monotonic() const = 0;
};

// CLOCK_REALTIME and CLOCK_BOOTTIME. Never destroyed.
const Clock& RealClock();

}  // namespace tokensvc

#endif  // TOKENSVC_CLOCK_H_
