#include "tokensvc/signer/batch/batch_pipeline.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "tokensvc/claims/token_claims.h"

namespace tokensvc {
namespace {

// Requests that may wait to be looked at; about a second of RS256 on one core.
constexpr size_t kMostWaiting = 4096;
// Digests ahead of each session: enough that it never waits, few enough that streams still take turns.
constexpr size_t kAheadOfSession = 32;
constexpr absl::Duration kSoon = absl::Seconds(1);

Refusal KeyUnavailable(absl::string_view message) {
  return {.code = RefusalCode::kKeyUnavailable, .message = std::string(message), .retry_after = kSoon};
}

}  // namespace

struct BatchPipeline::Batch {
  std::shared_ptr<SignLane> lane;
  IncomingBatch incoming;
  Done done;
  uint64_t turn = 0;  // place among its lane's batches
  bool malformed = false;
  bool overloaded = false;
  absl::Duration arrived;
  std::shared_ptr<const FleetSnapshot> fleet;
  std::shared_ptr<const TokenKeys> keys;
  std::vector<CheckedRequest> checked;
  std::vector<SignatureRecord> extra_records;
  std::atomic<size_t> left_to_sign{0};
};

class SignLane {
 public:
  explicit SignLane(PeerIdentity peer) : peer(std::move(peer)) {}

  const PeerIdentity peer;
  StreamPlacements placements;  // the checking thread's
  // Under the pipeline's lock.
  std::deque<std::shared_ptr<BatchPipeline::Batch>> waiting;
  uint64_t submitted = 0;
  bool closed = false;
  // The finishing thread's.
  uint64_t answered = 0;
  std::map<uint64_t, std::shared_ptr<BatchPipeline::Batch>> out_of_turn;
};

BatchPipeline::BatchPipeline(const PipelineParts& parts, OnFatal on_fatal)
    : parts_(parts),
      most_to_sign_(kAheadOfSession * static_cast<size_t>(parts.hsm_sessions)),
      on_fatal_(std::move(on_fatal)),
      checker_(parts.rules, parts.clock, parts.clock_quality, parts.ids) {
  check_thread_ = std::thread([this] { CheckLoop(); });
  for (int i = 0; i < parts_.hsm_sessions; ++i) sign_threads_.emplace_back([this] { SignLoop(); });
  finish_thread_ = std::thread([this] { FinishLoop(); });
}

BatchPipeline::~BatchPipeline() {
  const auto set = [this](bool& flag) {
    absl::MutexLock lock(&mu_);
    flag = true;
  };
  set(stopping_);
  check_thread_.join();
  set(no_more_to_sign_);
  for (std::thread& thread : sign_threads_) thread.join();
  set(no_more_to_finish_);
  finish_thread_.join();
}

std::shared_ptr<SignLane> BatchPipeline::OpenLane(PeerIdentity peer) {
  return std::make_shared<SignLane>(std::move(peer));
}

void BatchPipeline::CloseLane(SignLane& lane) {
  std::deque<BatchPtr> dropped;
  absl::MutexLock lock(&mu_);
  lane.closed = true;
  dropped.swap(lane.waiting);
  for (const BatchPtr& batch : dropped) waiting_requests_ -= batch->incoming.requests.size();
  turns_.erase(std::remove_if(turns_.begin(), turns_.end(), [&](const auto& turn) { return turn.get() == &lane; }),
               turns_.end());
}

void BatchPipeline::Submit(std::shared_ptr<SignLane> lane, IncomingBatch incoming, Done done) {
  auto batch = std::make_shared<Batch>();
  batch->lane = std::move(lane);
  batch->incoming = std::move(incoming);
  batch->done = std::move(done);
  Enqueue(std::move(batch));
}

void BatchPipeline::SubmitMalformed(std::shared_ptr<SignLane> lane, Done done) {
  auto batch = std::make_shared<Batch>();
  batch->lane = std::move(lane);
  batch->done = std::move(done);
  batch->malformed = true;
  Enqueue(std::move(batch));
}

void BatchPipeline::Enqueue(BatchPtr batch) {
  batch->arrived = parts_.clock.Monotonic();
  absl::MutexLock lock(&mu_);
  SignLane& lane = *batch->lane;
  if (stopping_ || lane.closed) return;
  batch->turn = lane.submitted++;
  batch->overloaded = waiting_requests_ + batch->incoming.requests.size() > kMostWaiting;
  waiting_requests_ += batch->incoming.requests.size();
  if (lane.waiting.empty()) turns_.push_back(batch->lane);
  lane.waiting.push_back(std::move(batch));
}

BatchPipeline::BatchPtr BatchPipeline::NextToCheck() {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(this, &BatchPipeline::CanCheck));
  if (stopping_) return nullptr;
  const std::shared_ptr<SignLane> lane = std::move(turns_.front());
  turns_.pop_front();
  BatchPtr batch = std::move(lane->waiting.front());
  lane->waiting.pop_front();
  if (!lane->waiting.empty()) turns_.push_back(lane);
  waiting_requests_ -= batch->incoming.requests.size();
  // Read under the lock that AwaitNothingBefore takes: it sees this batch, or the batch sees what was applied.
  batch->fleet = parts_.fleet.snapshot();
  batch->keys = parts_.keys.keys();
  ++judged_by_[batch->fleet->state.number()];
  return batch;
}

void BatchPipeline::CheckLoop() {
  while (BatchPtr batch = NextToCheck()) {
    CheckBatch(*batch);
    HandToSigners(batch);
  }
}

void BatchPipeline::CheckBatch(Batch& batch) {
  const CheckBasis basis{
      .peer = batch.lane->peer, .fleet = *batch.fleet, .keys = *batch.keys, .arrived = batch.arrived};
  if (batch.malformed) {
    batch.extra_records.push_back(checker_.MalformedRecord(batch.lane->peer));
  } else if (batch.overloaded) {
    batch.checked = checker_.RefuseAll(
        batch.incoming, basis,
        {.code = RefusalCode::kOverloaded, .message = "queue: full, want less load", .retry_after = kSoon});
  } else if (!log_writable_) {
    // Nothing is signed that could not be written down; the refusals' own rows show when the log takes rows again.
    batch.checked = checker_.RefuseAll(
        batch.incoming, basis,
        {.code = RefusalCode::kLogUnavailable, .message = "signature log: not writable", .retry_after = kSoon});
  } else {
    batch.checked = checker_.Check(batch.incoming, batch.lane->placements, basis);
  }
}

void BatchPipeline::HandToSigners(const BatchPtr& batch) {
  size_t to_sign = 0;
  for (const CheckedRequest& request : batch->checked) to_sign += request.refused() ? 0 : 1;
  batch->left_to_sign = to_sign;
  absl::MutexLock lock(&mu_);
  for (size_t i = 0; i < batch->checked.size(); ++i) {
    if (!batch->checked[i].refused()) to_sign_.push_back({batch, i});
  }
  if (to_sign == 0) to_finish_.push_back(batch);
}

void BatchPipeline::SignLoop() {
  while (true) {
    Signing signing;
    {
      absl::MutexLock lock(&mu_);
      mu_.Await(absl::Condition(this, &BatchPipeline::CanSign));
      if (to_sign_.empty()) return;
      signing = std::move(to_sign_.front());
      to_sign_.pop_front();
    }
    SignOne(signing.batch->checked[signing.index]);
    if (signing.batch->left_to_sign.fetch_sub(1) > 1) continue;
    absl::MutexLock lock(&mu_);
    to_finish_.push_back(std::move(signing.batch));
  }
}

// The signature waits in `token` until the finishing thread has checked it and put it into its place.
void BatchPipeline::SignOne(CheckedRequest& request) {
  if (parts_.clock.Monotonic() >= request.deadline) {
    return request.Refuse(
        {.code = RefusalCode::kDeadlineExceeded, .message = "deadline: passed in the queue", .retry_after = kSoon});
  }
  absl::StatusOr<std::string> signature = parts_.hsm.SignDigest(request.key->hsm_key(), request.sha256);
  hsm_signs_ = signature.ok();
  if (!signature.ok()) return request.Refuse(KeyUnavailable(signature.status().message()));
  std::get<SignedToken>(request.outcome.result).token = *std::move(signature);
}

void BatchPipeline::FinishLoop() {
  while (true) {
    std::vector<BatchPtr> batches;
    {
      absl::MutexLock lock(&mu_);
      mu_.Await(absl::Condition(this, &BatchPipeline::CanFinish));
      if (to_finish_.empty()) return;
      batches.swap(to_finish_);
    }
    FinishBatches(std::move(batches));
  }
}

void BatchPipeline::Complete(Batch& batch) const {
  for (CheckedRequest& request : batch.checked) {
    if (request.refused()) continue;
    SignedToken& token = std::get<SignedToken>(request.outcome.result);
    if (request.key->MayLeave(request.sha256, token.token)) {
      token.token = CompactSerialization(request.signing_input, token.token);
    } else {
      request.Refuse(KeyUnavailable(absl::StrCat("hsm key ", request.key->hsm_key().id, ": signature does not hold")));
    }
  }
}

absl::Status BatchPipeline::Log(const std::vector<BatchPtr>& batches) {
  std::vector<SignatureRecord> records;
  for (const BatchPtr& batch : batches) {
    for (const CheckedRequest& request : batch->checked) records.push_back(request.record);
    records.insert(records.end(), batch->extra_records.begin(), batch->extra_records.end());
  }
  return parts_.log.Append(records);
}

void BatchPipeline::FinishBatches(std::vector<BatchPtr> batches) {
  for (const BatchPtr& batch : batches) Complete(*batch);
  const absl::Status logged = Log(batches);
  log_writable_ = logged.ok();
  if (absl::IsDataLoss(logged)) on_fatal_(logged);
  for (const BatchPtr& batch : batches) {
    if (!logged.ok()) {
      for (CheckedRequest& request : batch->checked) {
        request.Refuse({.code = RefusalCode::kLogUnavailable, .message = "signature log: not writable", .retry_after = kSoon});
      }
    }
    Answer(batch);
  }
}

void BatchPipeline::Answer(const BatchPtr& batch) {
  SignLane& lane = *batch->lane;
  lane.out_of_turn.emplace(batch->turn, batch);
  for (auto next = lane.out_of_turn.begin(); next != lane.out_of_turn.end() && next->first == lane.answered;
       next = lane.out_of_turn.begin()) {
    const BatchPtr due = std::move(next->second);
    lane.out_of_turn.erase(next);
    ++lane.answered;
    std::vector<SignOutcome> outcomes;
    outcomes.reserve(due->checked.size());
    for (CheckedRequest& request : due->checked) outcomes.push_back(std::move(request.outcome));
    due->done(std::move(outcomes));
    absl::MutexLock lock(&mu_);
    const auto count = judged_by_.find(due->fleet->state.number());
    if (--count->second == 0) judged_by_.erase(count);
  }
}

void BatchPipeline::AwaitNothingBefore(uint64_t number) {
  absl::MutexLock lock(&mu_);
  const auto nothing_before = [this, number]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return judged_by_.empty() || judged_by_.begin()->first >= number || no_more_to_finish_;
  };
  mu_.Await(absl::Condition(&nothing_before));
}

absl::Status BatchPipeline::Health() const {
  if (!log_writable_) return absl::UnavailableError("signature log: not writable");
  if (!hsm_signs_) return absl::UnavailableError("hsm: the last signature failed");
  if (!HoldsLease(*parts_.fleet.snapshot(), parts_.clock.Now())) {
    return absl::UnavailableError("signing lease: none of this time, want a head of the fleet log");
  }
  const absl::Duration longest = parts_.hsm.LongestCall();
  if (longest > kMaxHsmCall) {
    return absl::UnavailableError(absl::StrCat("hsm: a call takes ", absl::FormatDuration(longest), ", want at most ",
                                               absl::FormatDuration(kMaxHsmCall)));
  }
  return absl::OkStatus();
}

}  // namespace tokensvc
