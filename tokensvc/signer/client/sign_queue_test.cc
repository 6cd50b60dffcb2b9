#include "tokensvc/signer/client/sign_queue.h"

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tokensvc/limits.h"

namespace tokensvc {
namespace {

constexpr absl::Duration kStart = absl::Seconds(100);
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class SignQueueTest : public testing::Test {
 protected:
  void Push(int count, absl::Duration at = kStart, absl::Time deadline = kNow + absl::Seconds(2)) {
    for (int i = 0; i < count; ++i) {
      QueuedSign request{.item = {.audience = std::to_string(next_++), .deadline = deadline}, .queued_at = at};
      ASSERT_TRUE(queue_.Push(request));
    }
  }
  size_t BatchSize(absl::Duration at, int in_flight) { return queue_.TakeBatch(at, in_flight).size(); }

  SignQueue queue_;
  int next_ = 0;
};

TEST_F(SignQueueTest, WithNothingInFlightARequestGoesAtOnce) {
  Push(1);
  EXPECT_EQ(BatchSize(kStart, 0), 1u);
  EXPECT_EQ(BatchSize(kStart, 0), 0u);
}

TEST_F(SignQueueTest, WithABatchInFlightRequestsGatherUntilTheDelay) {
  Push(3);
  EXPECT_EQ(BatchSize(kStart + kSignBatchDelay - absl::Nanoseconds(1), 1), 0u);
  EXPECT_EQ(queue_.NextBatchAt(1), kStart + kSignBatchDelay);
  EXPECT_EQ(BatchSize(kStart + kSignBatchDelay, 1), 3u);
}

TEST_F(SignQueueTest, AFullTargetGoesWithoutDelay) {
  Push(kSignBatchTarget - 1);
  EXPECT_EQ(BatchSize(kStart, 1), 0u);
  Push(1);
  EXPECT_EQ(BatchSize(kStart, 1), static_cast<size_t>(kSignBatchTarget));
}

TEST_F(SignQueueTest, AFullWindowHoldsEverythingBack) {
  Push(kMaxSignBatch);
  EXPECT_EQ(BatchSize(kStart + absl::Hours(1), SignQueue::kWindow), 0u);
  EXPECT_EQ(queue_.NextBatchAt(SignQueue::kWindow), absl::InfiniteDuration());
}

TEST_F(SignQueueTest, ABatchIsBoundedAndOldestFirst) {
  Push(kMaxSignBatch + 1);
  const std::vector<QueuedSign> batch = queue_.TakeBatch(kStart, 0);
  ASSERT_EQ(batch.size(), static_cast<size_t>(kMaxSignBatch));
  EXPECT_EQ(batch.front().item.audience, "0");
  EXPECT_EQ(queue_.size(), 1u);
}

TEST_F(SignQueueTest, ExpiredRequestsLeaveAndTheOthersKeepTheirOrder) {
  Push(1);
  Push(1, kStart, kNow);
  Push(1);
  const std::vector<QueuedSign> expired = queue_.TakeExpired(kNow);
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].item.audience, "1");
  const std::vector<QueuedSign> rest = queue_.TakeAll();
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[0].item.audience, "0");
  EXPECT_EQ(rest[1].item.audience, "2");
}

TEST_F(SignQueueTest, WhatIsPutBackGoesFirst) {
  Push(2);
  std::vector<QueuedSign> sent = queue_.TakeBatch(kStart, 0);
  Push(1);
  queue_.PushFront(std::move(sent));
  const std::vector<QueuedSign> batch = queue_.TakeBatch(kStart, 0);
  ASSERT_EQ(batch.size(), 3u);
  EXPECT_EQ(batch[0].item.audience, "0");
  EXPECT_EQ(batch[2].item.audience, "2");
}

TEST_F(SignQueueTest, AFullQueueRefuses) {
  Push(SignQueue::kMaxQueued);
  QueuedSign request;
  EXPECT_FALSE(queue_.Push(request));
}

}  // namespace
}  // namespace tokensvc
