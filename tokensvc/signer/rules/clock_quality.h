#ifndef TOKENSVC_SIGNER_RULES_CLOCK_QUALITY_H_
#define TOKENSVC_SIGNER_RULES_CLOCK_QUALITY_H_

#include "absl/time/time.h"

namespace tokensvc {

// How far this host's wall clock may be from true time. Thread-safe.
class ClockQuality {
 public:
  virtual ~ClockQuality() = default;
  // Infinite where nobody disciplines the clock, so that nothing is known.
  virtual absl::Duration ErrorBound() const = 0;
};

// What the kernel says (adjtimex: `maxerror`, grown at 500 ppm since the last correction). A kernel that calls its clock
// unsynchronized has no bound, unless `require_synchronized` is false: then such a clock is taken as it is. That is for
// development: containers and fresh virtual machines often have no time service.
class KernelClockQuality final : public ClockQuality {
 public:
  explicit KernelClockQuality(bool require_synchronized) : require_synchronized_(require_synchronized) {}
  absl::Duration ErrorBound() const override;

 private:
  const bool require_synchronized_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_RULES_CLOCK_QUALITY_H_
