#ifndef TESTS_FAKES_EVENTUALLY_H_
#define TESTS_FAKES_EVENTUALLY_H_

#include <poll.h>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "tokensvc/clock.h"

namespace tests {

// Whether the condition, which another process will make true, holds within `patience`. Looks every few milliseconds.
inline bool Eventually(absl::FunctionRef<bool()> condition, absl::Duration patience = absl::Seconds(15)) {
  const absl::Duration give_up = tokensvc::RealClock().Monotonic() + patience;
  while (!condition()) {
    if (tokensvc::RealClock().Monotonic() > give_up) return false;
    poll(nullptr, 0, 5);
  }
  return true;
}

}  // namespace tests

#endif  // TESTS_FAKES_EVENTUALLY_H_
