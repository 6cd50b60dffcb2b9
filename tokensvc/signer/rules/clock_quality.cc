#include "tokensvc/signer/rules/clock_quality.h"

#include <sys/timex.h>

namespace tokensvc {

absl::Duration KernelClockQuality::ErrorBound() const {
  struct timex state = {};
  const bool unsynchronized = adjtimex(&state) == -1 || (state.status & STA_UNSYNC) != 0;
  if (unsynchronized) return require_synchronized_ ? absl::InfiniteDuration() : absl::ZeroDuration();
  return absl::Microseconds(state.maxerror);
}

}  // namespace tokensvc
