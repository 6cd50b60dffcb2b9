#include "tokensvc/signer/client/sign_queue.h"

#include <algorithm>
#include <iterator>

#include "tokensvc/limits.h"

namespace tokensvc {

bool SignQueue::Push(QueuedSign& request) {
  if (waiting_.size() >= kMaxQueued) return false;
  waiting_.push_back(std::move(request));
  return true;
}

void SignQueue::PushFront(std::vector<QueuedSign> requests) {
  waiting_.insert(waiting_.begin(), std::make_move_iterator(requests.begin()), std::make_move_iterator(requests.end()));
}

std::vector<QueuedSign> SignQueue::TakeBatch(absl::Duration monotonic, int batches_in_flight) {
  std::vector<QueuedSign> batch;
  if (monotonic < NextBatchAt(batches_in_flight)) return batch;
  const size_t size = std::min<size_t>(waiting_.size(), kMaxSignBatch);
  batch.reserve(size);
  std::move(waiting_.begin(), waiting_.begin() + size, std::back_inserter(batch));
  waiting_.erase(waiting_.begin(), waiting_.begin() + size);
  return batch;
}

absl::Duration SignQueue::NextBatchAt(int batches_in_flight) const {
  if (waiting_.empty() || batches_in_flight >= kWindow) return absl::InfiniteDuration();
  if (batches_in_flight == 0 || waiting_.size() >= kSignBatchTarget) return -absl::InfiniteDuration();
  return waiting_.front().queued_at + kSignBatchDelay;
}

std::vector<QueuedSign> SignQueue::TakeExpired(absl::Time now) {
  const auto alive = std::stable_partition(waiting_.begin(), waiting_.end(),
                                           [now](const QueuedSign& request) { return request.item.deadline > now; });
  std::vector<QueuedSign> expired(std::make_move_iterator(alive), std::make_move_iterator(waiting_.end()));
  waiting_.erase(alive, waiting_.end());
  return expired;
}

std::vector<QueuedSign> SignQueue::TakeAll() {
  std::vector<QueuedSign> all(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  return all;
}

}  // namespace tokensvc
