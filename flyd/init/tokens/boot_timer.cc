#include "flyd/init/tokens/boot_timer.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/posix/stream_descriptor.hpp"
#include "boost/asio/use_awaitable.hpp"

namespace flyd {
namespace {

namespace asio = boost::asio;
constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
// More than a clock that is kept in step by its daemon is moved between two wakes.
constexpr absl::Duration kLeastStep = absl::Seconds(1);

absl::Duration WallLessBoot() {
  timespec wall = {};
  timespec boot = {};
  clock_gettime(CLOCK_REALTIME, &wall);
  clock_gettime(CLOCK_BOOTTIME, &boot);
  return absl::DurationFromTimespec(wall) - absl::DurationFromTimespec(boot);
}

void Arm(int timer, absl::Duration delay) {
  itimerspec once = {};
  once.it_value = absl::ToTimespec(std::max(delay, absl::Nanoseconds(1)));
  timerfd_settime(timer, 0, &once, nullptr);
}

void ArmStep(int timer) {
  itimerspec never = {};
  never.it_value.tv_sec = int64_t{1} << 40;
  timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, nullptr);
}

}  // namespace

// Both timers behind one epoll descriptor, so that one wait covers them.
class BootTimer::Readiness {
 public:
  Readiness(const asio::any_io_executor& executor, int both) : both_(executor, both) {}
  asio::awaitable<void> Wait() { co_await both_.async_wait(asio::posix::stream_descriptor::wait_read, kToken); }

 private:
  asio::posix::stream_descriptor both_;
};

BootTimer::BootTimer(asio::any_io_executor executor, int elapsed, int step, int both)
    : elapsed_(elapsed),
      step_(step),
      readiness_(std::make_unique<Readiness>(executor, both)),
      wall_less_boot_(WallLessBoot()) {}

BootTimer::~BootTimer() {
  readiness_.reset();
  close(elapsed_);
  close(step_);
}

absl::StatusOr<std::unique_ptr<BootTimer>> BootTimer::Create(asio::any_io_executor executor) {
  const int elapsed = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  const int step = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  const int both = epoll_create1(EPOLL_CLOEXEC);
  if (elapsed < 0 || step < 0 || both < 0) return absl::UnavailableError(absl::StrCat("timerfd: ", strerror(errno)));
  for (const int timer : {elapsed, step}) {
    epoll_event event = {.events = EPOLLIN, .data = {.fd = timer}};
    if (epoll_ctl(both, EPOLL_CTL_ADD, timer, &event) != 0) {
      return absl::UnavailableError(absl::StrCat("epoll: ", strerror(errno)));
    }
  }
  ArmStep(step);
  return std::unique_ptr<BootTimer>(new BootTimer(std::move(executor), elapsed, step, both));
}

asio::awaitable<BootTimer::Wake> BootTimer::Wait(absl::Duration delay) {
  Arm(elapsed_, delay);
  for (;;) {
    co_await readiness_->Wait();
    uint64_t count = 0;
    const bool told = read(step_, &count, sizeof count) < 0 && errno == ECANCELED;
    if (told) ArmStep(step_);
    const bool elapsed = read(elapsed_, &count, sizeof count) == sizeof count;
    if (!told && !elapsed) continue;
    const absl::Duration before = std::exchange(wall_less_boot_, WallLessBoot());
    const bool stepped = told || absl::AbsDuration(wall_less_boot_ - before) >= kLeastStep;
    co_return stepped ? Wake::kClockStep : Wake::kElapsed;
  }
}

void BootTimer::Expire() { Arm(elapsed_, absl::ZeroDuration()); }

}  // namespace flyd
