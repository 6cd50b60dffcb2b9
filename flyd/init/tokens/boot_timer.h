#ifndef FLYD_INIT_TOKENS_BOOT_TIMER_H_
#define FLYD_INIT_TOKENS_BOOT_TIMER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/awaitable.hpp"

namespace flyd {

// Waits in time that also passes while the host sleeps or the machine is frozen, and notices when the wall clock was set,
// as after the restore of a snapshot: the kernel tells at once; where it does not, the difference to boot time does at the
// next wake. One wait at a time; not thread-safe.
class BootTimer {
 public:
  enum class Wake { kElapsed, kClockStep };

  // Unavailable: the kernel refused the timers.
  static absl::StatusOr<std::unique_ptr<BootTimer>> Create(boost::asio::any_io_executor executor);
  ~BootTimer();
  BootTimer(const BootTimer&) = delete;
  BootTimer& operator=(const BootTimer&) = delete;

  boost::asio::awaitable<Wake> Wait(absl::Duration delay);

  // Ends the wait that is running.
  void Expire();

 private:
  BootTimer(boost::asio::any_io_executor executor, int elapsed, int step, int both);
  class Readiness;
  const int elapsed_;  // timerfd, CLOCK_BOOTTIME
  const int step_;     // timerfd, CLOCK_REALTIME, cancelled when the clock is set
  std::unique_ptr<Readiness> readiness_;
  absl::Duration wall_less_boot_;
};

}  // namespace flyd

#endif  // FLYD_INIT_TOKENS_BOOT_TIMER_H_
