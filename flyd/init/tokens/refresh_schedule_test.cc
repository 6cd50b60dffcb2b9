#include "flyd/init/tokens/refresh_schedule.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flyd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Failure = RefreshSchedule::Failure;

constexpr absl::Duration kNow = absl::Hours(100);
constexpr absl::Duration kLife = absl::Minutes(10);

RefreshSchedule Fetched(size_t files) {
  RefreshSchedule schedule("148e21f0c12345", files);
  for (size_t i = 0; i < files; ++i) schedule.Fetched(i, kNow, kLife);
  return schedule;
}

TEST(RefreshScheduleTest, EveryFileIsDueAtOnce) {
  const RefreshSchedule schedule("148e21f0c12345", 3);
  EXPECT_THAT(schedule.Due(kNow), ElementsAre(0, 1, 2));
  EXPECT_EQ(schedule.Pause(kNow), absl::ZeroDuration());
  EXPECT_FALSE(schedule.IsFresh());
  EXPECT_EQ(schedule.Left(0, kNow), std::nullopt);
}

TEST(RefreshScheduleTest, AllFilesAreDueAtTheSameInstant) {
  RefreshSchedule schedule("148e21f0c12345", 2);
  schedule.Fetched(0, kNow, kLife);
  schedule.Fetched(1, kNow + absl::Seconds(1), kLife);
  const absl::Duration pause = schedule.Pause(kNow);
  EXPECT_THAT(schedule.Due(kNow + pause - absl::Nanoseconds(1)), IsEmpty());
  EXPECT_THAT(schedule.Due(kNow + pause), ElementsAre(0, 1));
}

TEST(RefreshScheduleTest, ThePeriodIsFortyPercentOfLife) {
  RefreshSchedule schedule = Fetched(1);
  const absl::Duration first = kNow + schedule.Pause(kNow);
  EXPECT_LE(first - kNow, absl::Seconds(240));
  schedule.Fetched(0, first, kLife);
  EXPECT_EQ(schedule.Pause(first), absl::Seconds(240));
}

TEST(RefreshScheduleTest, ThePeriodIsNeverOverFourMinutes) {
  RefreshSchedule schedule("148e21f0c12345", 1);
  schedule.Fetched(0, kNow, absl::Hours(24));
  EXPECT_EQ(schedule.period(), absl::Minutes(4));
}

TEST(RefreshScheduleTest, TheShortestLifeIsEveryFilesPeriod) {
  RefreshSchedule schedule("148e21f0c12345", 2);
  schedule.Fetched(0, kNow, kLife);
  schedule.Fetched(1, kNow, absl::Seconds(10));
  EXPECT_EQ(schedule.period(), absl::Seconds(4));
}

TEST(RefreshScheduleTest, AFetchBetweenInstantsDoesNotMoveThem) {
  RefreshSchedule schedule = Fetched(1);
  const absl::Duration instant = kNow + schedule.Pause(kNow);
  schedule.Fetched(0, instant + absl::Seconds(100), kLife);
  EXPECT_EQ(schedule.Pause(instant), absl::Seconds(240));
}

TEST(RefreshScheduleTest, AMachineKeepsItsPhaseAndSharesItWithNoOther) {
  EXPECT_EQ(Fetched(1).Pause(kNow), Fetched(1).Pause(kNow));
  RefreshSchedule other("148e21f0c12346", 1);
  other.Fetched(0, kNow, kLife);
  EXPECT_NE(Fetched(1).Pause(kNow), other.Pause(kNow));
}

TEST(RefreshScheduleTest, APassingFailureIsRetriedWithDoubledDelays) {
  RefreshSchedule schedule = Fetched(1);
  const absl::Duration now = kNow + absl::Seconds(240);
  for (const int seconds : {1, 2, 4, 8, 16, 30, 30}) {
    schedule.Failed(0, now, Failure::kPassing, absl::ZeroDuration(), 0);
    EXPECT_EQ(schedule.Pause(now), absl::Seconds(seconds));
  }
  schedule.Fetched(0, now, kLife);
  schedule.Failed(0, now, Failure::kPassing, absl::ZeroDuration(), 0);
  EXPECT_EQ(schedule.Pause(now), absl::Seconds(1));
}

TEST(RefreshScheduleTest, JitterTakesUpToHalfOfADelay) {
  RefreshSchedule schedule = Fetched(1);
  schedule.Failed(0, kNow, Failure::kPassing, absl::ZeroDuration(), 0.5);
  EXPECT_EQ(schedule.Pause(kNow), absl::Milliseconds(750));
  schedule.Failed(0, kNow, Failure::kPassing, absl::ZeroDuration(), 0.999);
  EXPECT_GT(schedule.Pause(kNow), absl::Seconds(1));
}

TEST(RefreshScheduleTest, ATokenThatEndsSoonIsTriedForMoreOften) {
  RefreshSchedule schedule = Fetched(1);
  const absl::Duration late = kNow + kLife - kSpentAtSigning - absl::Seconds(40);
  for (int i = 0; i < 8; ++i) schedule.Failed(0, late, Failure::kPassing, absl::ZeroDuration(), 0);
  EXPECT_EQ(schedule.Pause(late), absl::Seconds(5));
  const absl::Duration last = kNow + kLife - kSpentAtSigning - absl::Seconds(1);
  schedule.Failed(0, last, Failure::kPassing, absl::ZeroDuration(), 0);
  EXPECT_EQ(schedule.Pause(last), absl::Seconds(1)) << "but not without end";
}

TEST(RefreshScheduleTest, AMissingTokenIsTriedForFourTimesAsOften) {
  RefreshSchedule schedule("148e21f0c12345", 1);
  schedule.Failed(0, kNow, Failure::kPassing, absl::ZeroDuration(), 0);
  EXPECT_EQ(schedule.Pause(kNow), absl::Milliseconds(250));
}

TEST(RefreshScheduleTest, FlydsRetryAfterIsKeptUpToThirtySeconds) {
  RefreshSchedule schedule = Fetched(1);
  schedule.Failed(0, kNow, Failure::kPassing, absl::Seconds(7), 0);
  EXPECT_EQ(schedule.Pause(kNow), absl::Seconds(7));
  schedule.Failed(0, kNow, Failure::kPassing, absl::Hours(1), 0);
  EXPECT_EQ(schedule.Pause(kNow), absl::Seconds(30));
}

TEST(RefreshScheduleTest, ARefusalIsTriedAgainAtTheNextInstant) {
  RefreshSchedule schedule = Fetched(2);
  const absl::Duration instant = kNow + schedule.Pause(kNow);
  schedule.Failed(0, kNow + absl::Nanoseconds(1), Failure::kRefusal, absl::ZeroDuration(), 0);
  EXPECT_EQ(kNow + schedule.Pause(kNow), instant);
}

TEST(RefreshScheduleTest, ADisturbanceMakesEveryFileDue) {
  RefreshSchedule schedule = Fetched(2);
  EXPECT_TRUE(schedule.IsFresh());
  const absl::Duration now = kNow + absl::Seconds(1);
  schedule.Disturb(now);
  EXPECT_FALSE(schedule.IsFresh());
  EXPECT_THAT(schedule.Due(now), ElementsAre(0, 1));
}

TEST(RefreshScheduleTest, ATokenAskedForBeforeADisturbanceDoesNotCount) {
  RefreshSchedule schedule = Fetched(1);
  schedule.Disturb(kNow + absl::Seconds(2));
  schedule.Fetched(0, kNow + absl::Seconds(1), kLife);
  EXPECT_FALSE(schedule.IsFresh());
  EXPECT_THAT(schedule.Due(kNow + absl::Seconds(2)), ElementsAre(0));
  schedule.Fetched(0, kNow + absl::Seconds(2), kLife);
  EXPECT_TRUE(schedule.IsFresh());
}

TEST(RefreshScheduleTest, ARefusedFileIsSettledButNotFresh) {
  RefreshSchedule schedule = Fetched(2);
  schedule.Disturb(kNow);
  schedule.Fetched(0, kNow, kLife);
  schedule.Failed(1, kNow, Failure::kPassing, absl::ZeroDuration(), 0);
  EXPECT_FALSE(schedule.IsSettled());
  schedule.Failed(1, kNow, Failure::kRefusal, absl::ZeroDuration(), 0);
  EXPECT_TRUE(schedule.IsSettled());
  EXPECT_FALSE(schedule.IsFresh());
}

TEST(RefreshScheduleTest, LeftCountsFromTheAskingLessWhatIsSpentAtSigning) {
  const RefreshSchedule schedule = Fetched(1);
  EXPECT_EQ(schedule.Left(0, kNow), kLife - absl::Seconds(6));
  EXPECT_EQ(schedule.Left(0, kNow + kLife), absl::Seconds(-6));
}

TEST(RefreshScheduleTest, NoInstantIsEverThePresent) {
  for (int i = 0; i < 1000; ++i) {
    RefreshSchedule schedule(absl::StrCat("m", i), 1);
    absl::Duration now = absl::Hours(i);
    schedule.Fetched(0, now, kLife);
    for (int k = 0; k < 5; ++k) {
      const absl::Duration pause = schedule.Pause(now);
      ASSERT_GT(pause, absl::ZeroDuration());
      ASSERT_LE(pause, absl::Seconds(240));
      now += pause;
      schedule.Fetched(0, now, kLife);
    }
  }
}

}  // namespace
}  // namespace flyd
