// The shipped schedule of ten thousand machines on a virtual clock. Deterministic: machine ids and jitter come from a
// fixed seed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "flyd/init/tokens/refresh_schedule.h"
#include "gtest/gtest.h"

namespace tests {
namespace {

using flyd::RefreshSchedule;

constexpr int kMachines = 10'000;
constexpr absl::Duration kBoot = absl::Hours(77);  // of the host, when the first machine starts
constexpr absl::Duration kLife = absl::Minutes(10);
constexpr absl::Duration kPeriod = absl::Minutes(4);
// What a token has lived by when it is signed: dated back by 5 s, and floored.
constexpr absl::Duration kBackdate = absl::Seconds(5);
// How long flyd waits for a signer before it says 503.
constexpr absl::Duration kSignDeadline = absl::Seconds(2);

struct Outage {
  absl::Duration from = absl::InfiniteDuration();
  absl::Duration to = absl::InfiniteDuration();
};

// Machines of one file each, and a signer that signs `per_second` tokens in the order of the requests, except in an outage.
class Fleet {
 public:
  Fleet(int machines, Outage outage, int per_second, uint32_t seed) : outage_(outage), per_second_(per_second), random_(seed) {
    for (int i = 0; i < machines; ++i) {
      machines_.push_back({RefreshSchedule(absl::StrFormat("%014x", random_() % (uint64_t{1} << 56)), 1)});
      events_.emplace(kBoot + absl::Seconds(1) * Uniform(), i);
    }
  }

  void RunUntil(absl::Duration end) {
    while (!events_.empty() && events_.top().first < end) {
      const auto [now, index] = events_.top();
      events_.pop();
      Ask(machines_[index], now, index);
    }
  }

  // Every machine's clock is stepped, or it is resumed, at `now`.
  void DisturbAll(absl::Duration now) {
    events_ = {};
    for (size_t i = 0; i < machines_.size(); ++i) {
      machines_[i].schedule.Disturb(now);
      events_.emplace(now + absl::Milliseconds(1) * Uniform(), i);
    }
  }

  const std::vector<absl::Duration>& asked() const { return asked_; }
  // Times at which some machine's file held a token that had ended: when it did and until it was replaced.
  int expired() const { return expired_; }
  absl::Duration oldest() const { return oldest_; }

 private:
  struct Machine {
    RefreshSchedule schedule;
    absl::Duration signed_at = -absl::InfiniteDuration();
  };

  double Uniform() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  void Ask(Machine& machine, absl::Duration now, size_t index) {
    asked_.push_back(now);
    const absl::Duration done = std::max(now, busy_until_) + absl::Seconds(1.0 / per_second_);
    const bool away = now >= outage_.from && now < outage_.to;
    if (away || done - now > kSignDeadline) {
      const absl::Duration told = now + kSignDeadline;
      machine.schedule.Failed(0, told, RefreshSchedule::Failure::kPassing, absl::ZeroDuration(), Uniform());
      events_.emplace(told + machine.schedule.Pause(told), index);
      return;
    }
    busy_until_ = done;
    Replaced(machine, done);
    machine.schedule.Fetched(0, now, kLife);
    events_.emplace(done + machine.schedule.Pause(done), index);
  }

  void Replaced(Machine& machine, absl::Duration now) {
    if (machine.signed_at > -absl::InfiniteDuration()) {
      const absl::Duration age = now - machine.signed_at;
      oldest_ = std::max(oldest_, age);
      if (age >= kLife - kBackdate) ++expired_;
    }
    machine.signed_at = now;
  }

  const Outage outage_;
  const int per_second_;
  std::mt19937_64 random_;
  std::vector<Machine> machines_;
  using Event = std::pair<absl::Duration, size_t>;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<absl::Duration> asked_;
  absl::Duration busy_until_ = -absl::InfiniteDuration();
  absl::Duration oldest_;
  int expired_ = 0;
};

// The most requests of any window of `window` in [from, from + kPeriod), over the mean of all.
double PeakOverMean(const std::vector<absl::Duration>& asked, absl::Duration from, absl::Duration window) {
  std::vector<int> windows(static_cast<size_t>(kPeriod / window));
  int total = 0;
  for (const absl::Duration at : asked) {
    if (at < from || at >= from + kPeriod) continue;
    ++windows[static_cast<size_t>((at - from) / window)];
    ++total;
  }
  return *std::max_element(windows.begin(), windows.end()) * static_cast<double>(windows.size()) / total;
}

// A request waits up to ten seconds for flyd: what happens within them is one load.
constexpr absl::Duration kWindow = absl::Seconds(10);

TEST(FleetScheduleTest, MachinesThatStartTogetherAskEvenlyOverTheNextPeriod) {
  Fleet fleet(kMachines, {}, 100'000, 1);
  fleet.RunUntil(kBoot + 3 * kPeriod);
  const absl::Duration next = kBoot + absl::Seconds(1);
  const double ratio = PeakOverMean(fleet.asked(), next, kWindow);
  std::printf("10,000 machines started within 1 s, next period of %.0f s: peak/mean %.3f in windows of 10 s, %.3f of 1 s\n",
              absl::ToDoubleSeconds(kPeriod), ratio, PeakOverMean(fleet.asked(), next, absl::Seconds(1)));
  EXPECT_LE(ratio, 1.2);
  EXPECT_LE(PeakOverMean(fleet.asked(), next + kPeriod, kWindow), 1.2) << "and the one after";
  EXPECT_LE(fleet.oldest(), kPeriod + absl::Seconds(1));
}

TEST(FleetScheduleTest, MachinesThatAreResumedTogetherAskEvenlyOverTheNextPeriod) {
  Fleet fleet(kMachines, {}, 100'000, 2);
  fleet.RunUntil(kBoot + absl::Seconds(500));
  fleet.DisturbAll(kBoot + absl::Seconds(500));
  fleet.RunUntil(kBoot + absl::Seconds(500) + 2 * kPeriod);
  const double ratio = PeakOverMean(fleet.asked(), kBoot + absl::Seconds(501), kWindow);
  std::printf("10,000 machines resumed at once, next period: peak/mean %.3f in windows of 10 s\n", ratio);
  EXPECT_LE(ratio, 1.2);
}

TEST(FleetScheduleTest, MachinesThatWaitedForOneSignerAskEvenlyAfterwards) {
  const Outage outage = {kBoot + absl::Seconds(300), kBoot + absl::Seconds(600)};
  Fleet fleet(kMachines, outage, 2'000, 3);
  fleet.RunUntil(outage.to + absl::Seconds(40) + 2 * kPeriod);
  const double ratio = PeakOverMean(fleet.asked(), outage.to + absl::Seconds(40), kWindow);
  std::printf("10,000 machines after an outage of 5 min, next period: peak/mean %.3f in windows of 10 s\n", ratio);
  EXPECT_LE(ratio, 1.2);
}

// From here on files are of every age: the first refresh of each machine is over.
constexpr absl::Duration kSettled = absl::Minutes(10);

// The schedule repeats after one period: an outage is tried at each second of one.
TEST(FleetScheduleTest, AnOutageOfFiveMinutesAtAnyInstantLeavesNoExpiredFile) {
  int expired = 0;
  absl::Duration oldest;
  int64_t refreshes = 0;
  for (int second = 0; second < 240; ++second) {
    const absl::Duration from = kBoot + kSettled + absl::Seconds(second);
    Fleet fleet(200, {from, from + absl::Minutes(5)}, 100, static_cast<uint32_t>(100 + second));
    fleet.RunUntil(from + absl::Minutes(5) + kPeriod);
    expired += fleet.expired();
    oldest = std::max(oldest, fleet.oldest());
    refreshes += static_cast<int64_t>(fleet.asked().size());
  }
  std::printf("5 min outage at each of 240 s, 200 machines: %d expired files in %lld requests, oldest file %.1f s of %.0f\n",
              expired, static_cast<long long>(refreshes), absl::ToDoubleSeconds(oldest),
              absl::ToDoubleSeconds(kLife - kBackdate));
  EXPECT_EQ(expired, 0);
}

TEST(FleetScheduleTest, AWholeFleetIsServedAfterAnOutageByASignerThatIsJustFastEnough) {
  int expired = 0;
  for (int second = 0; second < 240; second += 80) {
    const absl::Duration from = kBoot + kSettled + absl::Seconds(second);
    Fleet fleet(kMachines, {from, from + absl::Minutes(5)}, 1'500, static_cast<uint32_t>(second));
    fleet.RunUntil(from + absl::Minutes(5) + kPeriod);
    expired += fleet.expired();
  }
  std::printf("5 min outage, 10,000 machines, a signer of 1,500/s: %d expired files\n", expired);
  EXPECT_EQ(expired, 0);
}

// The test can fail: an outage that no schedule survives.
TEST(FleetScheduleTest, AnOutageLongerThanATokensLifeIsSeen) {
  const Outage outage = {kBoot + absl::Seconds(100), kBoot + absl::Seconds(750)};
  Fleet fleet(1'000, outage, 2'000, 4);
  fleet.RunUntil(outage.to + kPeriod);
  EXPECT_GT(fleet.expired(), 900);
}

}  // namespace
}  // namespace tests
