// Runs under libfaketime, which fakes the wall clock alone and reads FAKETIME anew at each call.
#include "flyd/init/tokens/boot_timer.h"

#include <stdlib.h>
#include <time.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"
#include "gtest/gtest.h"
#include "tests/fakes/nudge_clock.h"

namespace flyd {
namespace {

namespace asio = boost::asio;
using Wake = BootTimer::Wake;

class BootTimerTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("FAKETIME", "+0", 1);
    absl::StatusOr<std::unique_ptr<BootTimer>> timer = BootTimer::Create(io_.get_executor());
    ASSERT_TRUE(timer.ok()) << timer.status();
    timer_ = *std::move(timer);
  }

  // Waits, and does `meanwhile` once the wait has begun.
  template <typename Action>
  std::optional<Wake> WaitWhile(absl::Duration delay, Action meanwhile) {
    std::optional<Wake> wake;
    asio::co_spawn(
        io_, [&]() -> asio::awaitable<void> { wake = co_await timer_->Wait(delay); }, asio::detached);
    asio::post(io_, meanwhile);
    io_.restart();
    io_.run();
    return wake;
  }

  asio::io_context io_{1};
  std::unique_ptr<BootTimer> timer_;
};

TEST_F(BootTimerTest, AWaitElapses) {
  EXPECT_EQ(WaitWhile(absl::Milliseconds(20), [] {}), Wake::kElapsed);
  EXPECT_EQ(WaitWhile(absl::ZeroDuration(), [] {}), Wake::kElapsed);
}

TEST_F(BootTimerTest, AWaitThatIsExpiredEnds) {
  EXPECT_EQ(WaitWhile(absl::Hours(1), [this] { timer_->Expire(); }), Wake::kElapsed);
}

TEST_F(BootTimerTest, TheKernelEndsAWaitAtOnceWhenTheClockIsSet) {
  bool set = false;
  const std::optional<Wake> wake = WaitWhile(absl::Seconds(5), [this, &set] {
    set = tests::NudgeClock();
    if (!set) timer_->Expire();
  });
  if (!set) GTEST_SKIP() << "the clock may not be set here";
  EXPECT_EQ(wake, Wake::kClockStep);
  EXPECT_EQ(WaitWhile(absl::Milliseconds(20), [] {}), Wake::kElapsed) << "told once";
}

struct StepCase {
  const char* name;
  const char* faketime;
  Wake wake;
};
class StepTest : public BootTimerTest, public testing::WithParamInterface<StepCase> {};

TEST_P(StepTest, IsNoticedAtTheNextWake) {
  const time_t before = time(nullptr);
  setenv("FAKETIME", "+7200", 1);
  ASSERT_GE(time(nullptr) - before, 7200) << "libfaketime is not there";
  setenv("FAKETIME", "+0", 1);
  EXPECT_EQ(WaitWhile(absl::Milliseconds(20), [] { setenv("FAKETIME", GetParam().faketime, 1); }), GetParam().wake);
  EXPECT_EQ(WaitWhile(absl::Milliseconds(20), [] {}), Wake::kElapsed) << "once";
}

INSTANTIATE_TEST_SUITE_P(Steps, StepTest,
                         testing::Values(StepCase{"HourForward", "+3600", Wake::kClockStep},
                                         StepCase{"HourBack", "-3600", Wake::kClockStep},
                                         StepCase{"TwoSeconds", "+2", Wake::kClockStep},
                                         StepCase{"HalfASecond", "+0.5", Wake::kElapsed},
                                         StepCase{"None", "+0", Wake::kElapsed}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace flyd
