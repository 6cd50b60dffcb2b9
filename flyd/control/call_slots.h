#ifndef FLYD_CONTROL_CALL_SLOTS_H_
#define FLYD_CONTROL_CALL_SLOTS_H_

#include <atomic>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tokensvc/rpc/error_details.h"

namespace flyd {

// Bounds the calls of one kind that hold a thread while they last, so that they leave threads for all others. Thread-safe.
//
//   absl::Status refused;
//   const auto slot = slots.Take(refused);
//   if (!refused.ok()) return Refused(refused);
class CallSlots {
 public:
  CallSlots(std::string kind, int most) : kind_(std::move(kind)), most_(most) {}

  // Held until the result is destroyed. `refused`: ResourceExhausted, with a delay, where all are taken.
  [[nodiscard]] auto Take(absl::Status& refused) {
    const bool taken = open_.fetch_add(1) < most_;
    if (!taken) {
      refused = tokensvc::WithRetryDelay(
          absl::ResourceExhaustedError(absl::StrCat(kind_, ": ", most_, " under way, want fewer at once")), absl::Seconds(1));
    }
    return absl::Cleanup([this] { open_.fetch_sub(1); });
  }

 private:
  const std::string kind_;
  const int most_;
  std::atomic<int> open_{0};
};

}  // namespace flyd

#endif  // FLYD_CONTROL_CALL_SLOTS_H_
