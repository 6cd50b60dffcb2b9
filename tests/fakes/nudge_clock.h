#ifndef TESTS_FAKES_NUDGE_CLOCK_H_
#define TESTS_FAKES_NUDGE_CLOCK_H_

#include <sys/timex.h>

namespace tests {

// Sets the host's wall clock forward by a microsecond, the least that makes the kernel tell everybody who asked that it was
// set. False where that is not allowed, or where it would cost the host its synchronization.
inline bool NudgeClock() {
  timex clock = {};
  if (adjtimex(&clock) == -1 || (clock.status & STA_UNSYNC) == 0) return false;
  const bool nanoseconds = (clock.status & STA_NANO) != 0;
  clock = {};
  clock.modes = ADJ_SETOFFSET | (nanoseconds ? ADJ_NANO : 0);
  clock.time.tv_usec = nanoseconds ? 1000 : 1;
  return adjtimex(&clock) != -1;
}

}  // namespace tests

#endif  // TESTS_FAKES_NUDGE_CLOCK_H_
