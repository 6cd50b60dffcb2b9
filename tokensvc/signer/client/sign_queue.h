#ifndef TOKENSVC_SIGNER_CLIENT_SIGN_QUEUE_H_
#define TOKENSVC_SIGNER_CLIENT_SIGN_QUEUE_H_

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tokensvc/signer/client/signer_port.h"

namespace tokensvc {

// One request on its way to signerd.
struct QueuedSign {
  SignItem item;
  SignDone done;
  absl::Duration queued_at;  // Clock::Monotonic()
  int attempts = 0;          // times it was sent
};

// Decides what goes into the next batch and when. Writers that are not paced send single messages while the signer is
// the bottleneck, and pay as much as an RSA signature for each; a window of two batches lets the others gather while
// one is signed and the next one waits at the signer.
//
// Pure: the caller passes the time and does the sending. Not thread-safe.
//
// Invariant: every pushed request leaves exactly once, through TakeBatch, TakeExpired or TakeAll.
class SignQueue {
 public:
  // Batches that may be with the signer at once.
  static constexpr int kWindow = 2;

  // False: the queue holds kMaxQueued already; the request stays with the caller.
  bool Push(QueuedSign& request);

  // Puts back what was sent and not answered, before everything else, in order.
  void PushFront(std::vector<QueuedSign> requests);

  // The next batch, oldest first, at most kMaxSignBatch; empty where it is not time yet: something is in flight, fewer
  // than kSignBatchTarget wait, and the oldest has waited less than kSignBatchDelay; or the window is full.
  std::vector<QueuedSign> TakeBatch(absl::Duration monotonic, int batches_in_flight);

  // When TakeBatch may answer otherwise without another Push or an answer; InfiniteDuration where never.
  absl::Duration NextBatchAt(int batches_in_flight) const;

  // Those whose deadline has passed.
  std::vector<QueuedSign> TakeExpired(absl::Time now);

  std::vector<QueuedSign> TakeAll();

  size_t size() const { return waiting_.size(); }

  // Requests that wait at the most: 4 s of work of an RSA signer; more could not be answered in time.
  static constexpr size_t kMaxQueued = 8192;

 private:
  std::deque<QueuedSign> waiting_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_CLIENT_SIGN_QUEUE_H_
