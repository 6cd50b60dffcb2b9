#ifndef FLYD_SUPERVISOR_RESTART_POLICY_H_
#define FLYD_SUPERVISOR_RESTART_POLICY_H_

#include <cstdint>

#include "absl/time/time.h"
#include "storage/machine_record.h"

// What becomes of a machine whose boot ended and that nobody ordered to end. Pure.
namespace flyd {

enum class RestartPolicy : uint8_t { kNo, kOnFailure, kAlways };

struct RestartSettings {
  RestartPolicy policy = RestartPolicy::kNo;
  uint32_t max_retries = 10;  // of kOnFailure, until a boot has run for kCalmAfter
};

// A boot that ran as long as this wipes out the restarts before it (the public Machines API counts in the same window).
inline constexpr absl::Duration kCalmAfter = absl::Minutes(5);

struct RestartDecision {
  enum class Verdict : uint8_t { kRest, kRestart, kGiveUp };
  Verdict verdict = Verdict::kRest;
  absl::Duration delay;   // of kRestart: doubles from 1 s to 60 s
  uint32_t restarts = 0;  // the machine's count afterwards
};

// `restarts`: the machine's count so far; `ran`: how long the boot lived.
RestartDecision DecideRestart(const RestartSettings& settings, const storage::ExitReport& exit, uint32_t restarts,
                              absl::Duration ran);

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_RESTART_POLICY_H_
