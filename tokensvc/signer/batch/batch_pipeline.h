#ifndef TOKENSVC_SIGNER_BATCH_BATCH_PIPELINE_H_
#define TOKENSVC_SIGNER_BATCH_BATCH_PIPELINE_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "tokensvc/clock.h"
#include "tokensvc/pkcs11/hsm.h"
#include "tokensvc/rpc/peer_identity.h"
#include "tokensvc/signer/fleet/fleet_view.h"
#include "tokensvc/signer/keys/key_table.h"
#include "tokensvc/signer/log/signature_log.h"
#include "tokensvc/signer/rules/clock_quality.h"
#include "tokensvc/signer/rules/request_checker.h"
#include "tokensvc/signer/rules/sign_request.h"
#include "tokensvc/unique_id_source.h"

namespace tokensvc {

// What a pipeline works with; all of it outlives the pipeline.
struct PipelineParts {
  const FleetView& fleet;
  const KeyTable& keys;
  Hsm& hsm;
  SignatureLog& log;
  const Clock& clock;
  const ClockQuality& clock_quality;
  UniqueIdSource& ids;
  absl::Span<const SignRule> rules;  // AllSignRules()
  int hsm_sessions = 1;              // threads that call the HSM
};

// One worker's stream inside the pipeline. Made by BatchPipeline::OpenLane.
class SignLane;

// From batch to answer: one thread checks, one thread a session signs, one thread verifies, logs and answers, so that the
// HSM always has the next digest at hand. Streams take turns, a batch each. A batch is answered when each of its decisions
// stands in the synced log, and not before. Thread-safe.
class BatchPipeline {
 public:
  // One outcome for each request of the batch, in its order. Called once, from the pipeline's own thread: be quick.
  using Done = absl::AnyInvocable<void(std::vector<SignOutcome>)>;
  // What must end the process: the log's disk lost data that it had taken.
  using OnFatal = absl::AnyInvocable<void(const absl::Status&)>;

  BatchPipeline(const PipelineParts& parts, OnFatal on_fatal);
  // Ends what was begun; batches that nobody has looked at yet are dropped without an answer.
  ~BatchPipeline();

  std::shared_ptr<SignLane> OpenLane(PeerIdentity peer);
  // Batches that nobody has looked at yet are dropped; the others' `done` is still called.
  void CloseLane(SignLane& lane) ABSL_LOCKS_EXCLUDED(mu_);

  // Answers of one lane come in the order of its batches. Where the queue is full the batch is answered OVERLOADED.
  void Submit(std::shared_ptr<SignLane> lane, IncomingBatch batch, Done done) ABSL_LOCKS_EXCLUDED(mu_);
  // Logs a message that was no batch, in its place; `done` gets no outcome.
  void SubmitMalformed(std::shared_ptr<SignLane> lane, Done done) ABSL_LOCKS_EXCLUDED(mu_);

  // Returns when nothing that was judged by a snapshot before entry `number` can be answered with a token any more: only
  // then may a signer acknowledge the entry.
  void AwaitNothingBefore(uint64_t number) ABSL_LOCKS_EXCLUDED(mu_);

  // OK, or why nothing is signed now: the log is not written, or the HSM does not answer. Unavailable.
  absl::Status Health() const;

 private:
  friend class SignLane;
  struct Batch;
  using BatchPtr = std::shared_ptr<Batch>;
  struct Signing {
    BatchPtr batch;
    size_t index = 0;
  };

  void CheckLoop();
  void SignLoop();
  void FinishLoop();

  BatchPtr NextToCheck() ABSL_LOCKS_EXCLUDED(mu_);
  void CheckBatch(Batch& batch);
  void HandToSigners(const BatchPtr& batch) ABSL_LOCKS_EXCLUDED(mu_);
  void SignOne(CheckedRequest& request);
  void FinishBatches(std::vector<BatchPtr> batches);
  void Complete(Batch& batch) const;
  absl::Status Log(const std::vector<BatchPtr>& batches);
  void Answer(const BatchPtr& batch);
  void Enqueue(BatchPtr batch) ABSL_LOCKS_EXCLUDED(mu_);

  bool CanCheck() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return stopping_ || (!turns_.empty() && to_sign_.size() < most_to_sign_);
  }
  bool CanSign() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return no_more_to_sign_ || !to_sign_.empty(); }
  bool CanFinish() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return no_more_to_finish_ || !to_finish_.empty(); }

  const PipelineParts parts_;
  const size_t most_to_sign_;
  OnFatal on_fatal_;
  RequestChecker checker_;  // the checking thread's alone
  std::atomic<bool> log_writable_{true};
  std::atomic<bool> hsm_signs_{true};

  mutable absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool no_more_to_sign_ ABSL_GUARDED_BY(mu_) = false;
  bool no_more_to_finish_ ABSL_GUARDED_BY(mu_) = false;
  size_t waiting_requests_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<std::shared_ptr<SignLane>> turns_ ABSL_GUARDED_BY(mu_);  // lanes with waiting batches, each once
  std::deque<Signing> to_sign_ ABSL_GUARDED_BY(mu_);
  std::vector<BatchPtr> to_finish_ ABSL_GUARDED_BY(mu_);
  std::map<uint64_t, size_t> judged_by_ ABSL_GUARDED_BY(mu_);  // unanswered batches, by number of their snapshot

  std::thread check_thread_;
  std::vector<std::thread> sign_threads_;
  std::thread finish_thread_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_BATCH_BATCH_PIPELINE_H_
