#include "tokensvc/signer/client/grpc_signer_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "proto/signer/v1/signer.grpc.pb.h"
#include "tokensvc/rpc/error_details.h"
#include "tokensvc/rpc/server_settings.h"
#include "tokensvc/rpc/to_grpc_status.h"
#include "tokensvc/signer/client/sign_codec.h"
#include "tokensvc/signer/client/sign_queue.h"

namespace tokensvc {
namespace {

namespace pb = fly::signer::v1;

constexpr absl::Duration kMinBackoff = absl::Milliseconds(50);
constexpr absl::Duration kMaxBackoff = absl::Seconds(2);
// signerd forgets the oldest beyond 4,096 of a stream; a fresh stream is simpler than telling which.
constexpr size_t kPlacementsPerStream = 4096;

// How late an expired request may learn of it.
constexpr absl::Duration kExpiryTick = absl::Milliseconds(10);

// One stream. Tells its owner of each answer, when reading has ended, and once and last of its end; then it deletes
// itself.
class Stream final : public grpc::ClientBidiReactor<pb::SignBatch, pb::SignBatchResult> {
 public:
  struct Events {
    std::function<void(Stream*)> written;
    std::function<void(Stream*, const pb::SignBatchResult&)> answered;
    std::function<void(Stream*)> closed;
    std::function<void(Stream*, const grpc::Status&)> done;
  };

  Stream(pb::Signer::Stub& stub, Events events) : events_(std::move(events)) {
    stub.async()->Sign(&context_, this);
    // Writes come from outside the reactor's own callbacks: the hold keeps the stream until Finish().
    AddHold();
    StartRead(&result_);
    StartCall();
  }

  // One at a time: the next after `written`.
  void Send(pb::SignBatch batch) {
    batch_ = std::move(batch);
    StartWrite(&batch_);
  }

  // No Send after it. Once.
  void Finish() {
    context_.TryCancel();
    RemoveHold();
  }

  // State of the owner, under its lock.
  std::deque<std::vector<QueuedSign>> in_flight;
  absl::flat_hash_set<std::string> placements_sent;
  bool writing = false;
  bool finished = false;

 private:
  void OnWriteDone(bool ok) override {
    if (ok) events_.written(this);
  }
  void OnReadDone(bool ok) override {
    if (!ok) return events_.closed(this);
    events_.answered(this, result_);
    StartRead(&result_);
  }
  void OnDone(const grpc::Status& status) override {
    events_.done(this, status);
    delete this;
  }

  grpc::ClientContext context_;
  Events events_;
  pb::SignBatch batch_;
  pb::SignBatchResult result_;
};

}  // namespace

class GrpcSignerClient::Core {
 public:
  Core(const SignerClientOptions& options, std::shared_ptr<grpc::ChannelCredentials> credentials, const Clock& clock)
      : clock_(clock) {
    for (const std::string& address : options.addresses) {
      grpc::ChannelArguments arguments;
      ApplyChannelSettings(arguments);
      channels_.push_back(grpc::CreateCustomChannel(address, credentials, arguments));
      stubs_.push_back(pb::Signer::NewStub(channels_.back()));
    }
    pacer_ = std::thread([this] { Pace(); });
  }

  ~Core() {
    {
      absl::MutexLock lock(&mu_);
      stopping_ = true;
      if (stream_ != nullptr) EndStream(stream_);
      wake_.Signal();
    }
    pacer_.join();
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(this, &Core::NoStreams));
  }

  void Sign(SignItem item, SignDone done) {
    if (item.deadline <= clock_.Now()) {
      return done(absl::DeadlineExceededError("sign request: no time left, want some"));
    }
    QueuedSign request{.item = std::move(item), .done = std::move(done), .queued_at = clock_.Monotonic()};
    bool queued;
    {
      absl::MutexLock lock(&mu_);
      queued = !stopping_ && queue_.Push(request);
      if (queued) SendDue();
      if (queue_.size() == 1) wake_.Signal();  // the first that waits starts the delay
    }
    if (!queued) {
      request.done(WithRetryDelay(absl::ResourceExhaustedError(absl::StrCat(
                                      "sign queue: full, want less than ", SignQueue::kMaxQueued, " waiting")),
                                  absl::Seconds(1)));
    }
  }

  Counters counters() const {
    absl::MutexLock lock(&mu_);
    return counters_;
  }

  absl::Status Connected() const {
    bool connected = false;
    for (const std::shared_ptr<grpc::Channel>& channel : channels_) {
      connected = channel->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY || connected;
    }
    if (connected) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat("signers: none of ", channels_.size(), " connected, want one"));
  }

 private:
  using Finished = std::vector<std::pair<SignDone, absl::StatusOr<SignedItem>>>;

  bool NoStreams() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return streams_alive_ == 0; }

  // Opens streams, sends what became due by time alone, and ends what ran out of it.
  void Pace() {
    mu_.Lock();
    while (!stopping_) {
      SendDue();
      std::vector<QueuedSign> expired = queue_.TakeExpired(clock_.Now());
      if (!expired.empty()) {
        mu_.Unlock();
        for (QueuedSign& request : expired) request.done(Expired());
        mu_.Lock();
        continue;
      }
      wake_.WaitWithTimeout(&mu_, UntilNextDuty());
    }
    std::vector<QueuedSign> rest = queue_.TakeAll();
    mu_.Unlock();
    for (QueuedSign& request : rest) request.done(absl::UnavailableError("signer: this worker is shutting down"));
  }

  absl::Status Expired() const {
    return WithRetryDelay(absl::DeadlineExceededError("sign request: not answered before its deadline"),
                          absl::Seconds(1));
  }

  absl::Duration UntilNextDuty() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (queue_.size() == 0) return absl::InfiniteDuration();
    const absl::Duration monotonic = clock_.Monotonic();
    absl::Duration wait = kExpiryTick;
    if (stream_ == nullptr) {
      wait = std::min(wait, reconnect_at_ - monotonic);
    } else if (!stream_->writing) {
      wait = std::min(wait, queue_.NextBatchAt(static_cast<int>(stream_->in_flight.size())) - monotonic);
    }
    return std::max(wait, absl::Microseconds(50));
  }

  // Sends the next batch if it is due and the stream can take it.
  void SendDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (queue_.size() == 0 || stopping_) return;
    const absl::Duration monotonic = clock_.Monotonic();
    if (stream_ == nullptr) {
      if (monotonic < reconnect_at_) return;
      OpenStream();
    }
    if (stream_->writing) return;
    std::vector<QueuedSign> batch = queue_.TakeBatch(monotonic, static_cast<int>(stream_->in_flight.size()));
    if (batch.empty()) return;
    if (stream_->placements_sent.size() + batch.size() > kPlacementsPerStream) stream_->placements_sent.clear();
    pb::SignBatch message = Encode(batch);
    counters_.batches_sent += 1;
    counters_.requests_sent += batch.size();
    stream_->in_flight.push_back(std::move(batch));
    stream_->writing = true;
    stream_->Send(std::move(message));
  }

  pb::SignBatch Encode(std::vector<QueuedSign>& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    pb::SignBatch message;
    const absl::Time now = clock_.Now();
    for (QueuedSign& request : batch) {
      ++request.attempts;
      if (stream_->placements_sent.insert(request.item.placement_sha256).second) {
        message.add_placements(*request.item.placement);
      }
      EncodeSignRequest(++last_id_, request.item, now, *message.add_requests());
    }
    return message;
  }

  void OpenStream() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    ++streams_alive_;
    stream_ = new Stream(*stubs_[replica_], {.written = [this](Stream* stream) { OnWritten(stream); },
                                             .answered = [this](Stream* stream, const pb::SignBatchResult& result) {
                                               OnAnswered(stream, result);
                                             },
                                             .closed = [this](Stream* stream) { OnClosed(stream); },
                                             .done = [this](Stream* stream, const grpc::Status& status) {
                                               OnDone(*stream, status);
                                             }});
  }

  void OnWritten(Stream* stream) {
    absl::MutexLock lock(&mu_);
    stream->writing = false;
    if (stream == stream_) SendDue();
  }

  void OnAnswered(Stream* stream, const pb::SignBatchResult& result) {
    Finished finished;
    {
      absl::MutexLock lock(&mu_);
      backoff_ = kMinBackoff;
      if (stream->in_flight.empty()) {
        EndStream(stream);
      } else {
        std::vector<QueuedSign> batch = std::move(stream->in_flight.front());
        stream->in_flight.pop_front();
        finished = Settle(*stream, std::move(batch), result);
      }
      if (stream == stream_) SendDue();
      if (queue_.size() > 0) wake_.Signal();
    }
    for (auto& [done, outcome] : finished) done(std::move(outcome));
  }

  // Pairs requests with results; a placement that signerd has forgotten is sent again.
  Finished Settle(Stream& stream, std::vector<QueuedSign> batch, const pb::SignBatchResult& result)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Finished finished;
    std::vector<QueuedSign> again;
    for (size_t i = 0; i < batch.size(); ++i) {
      QueuedSign& request = batch[i];
      absl::StatusOr<SignedItem> outcome = absl::InternalError("signer: fewer results than requests");
      if (i < static_cast<size_t>(result.results_size())) outcome = DecodeSignResult(result.results(static_cast<int>(i)));
      if (ReasonOf(outcome.status()) == "PLACEMENT_UNKNOWN" && request.attempts < kMaxAttempts) {
        stream.placements_sent.erase(request.item.placement_sha256);
        again.push_back(std::move(request));
      } else {
        finished.emplace_back(std::move(request.done), std::move(outcome));
      }
    }
    queue_.PushFront(std::move(again));
    return finished;
  }

  void EndStream(Stream* stream) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (stream == stream_) stream_ = nullptr;
    if (stream->finished) return;
    stream->finished = true;
    stream->Finish();
  }

  void OnClosed(Stream* stream) {
    absl::MutexLock lock(&mu_);
    EndStream(stream);
  }

  void OnDone(Stream& stream, const grpc::Status& status) {
    Finished finished;
    {
      absl::MutexLock lock(&mu_);
      finished = Requeue(stream.in_flight, FromGrpcStatus(status));
      backoff_ = std::min(backoff_ * 2, kMaxBackoff);
      reconnect_at_ = clock_.Monotonic() + backoff_ * absl::Uniform(random_, 0.5, 1.0);
      replica_ = (replica_ + 1) % stubs_.size();
      wake_.Signal();
    }
    for (auto& [done, outcome] : finished) done(std::move(outcome));
    absl::MutexLock lock(&mu_);
    --streams_alive_;
  }

  Finished Requeue(std::deque<std::vector<QueuedSign>>& unanswered, const absl::Status& why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Finished finished;
    std::vector<QueuedSign> again;
    for (std::vector<QueuedSign>& batch : unanswered) {
      for (QueuedSign& request : batch) {
        if (request.attempts < kMaxAttempts && !stopping_) {
          again.push_back(std::move(request));
        } else {
          finished.emplace_back(std::move(request.done),
                                WithRetryDelay(absl::UnavailableError(absl::StrCat("signer: ", why.message())), backoff_));
        }
      }
    }
    unanswered.clear();
    queue_.PushFront(std::move(again));
    return finished;
  }

  const Clock& clock_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  std::vector<std::unique_ptr<pb::Signer::Stub>> stubs_;
  std::thread pacer_;

  mutable absl::Mutex mu_;
  absl::CondVar wake_;
  SignQueue queue_ ABSL_GUARDED_BY(mu_);
  Stream* stream_ ABSL_GUARDED_BY(mu_) = nullptr;  // deletes itself after its end
  int streams_alive_ ABSL_GUARDED_BY(mu_) = 0;
  size_t replica_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Duration backoff_ ABSL_GUARDED_BY(mu_) = kMinBackoff;
  absl::Duration reconnect_at_ ABSL_GUARDED_BY(mu_) = -absl::InfiniteDuration();
  absl::BitGen random_ ABSL_GUARDED_BY(mu_);
  uint64_t last_id_ ABSL_GUARDED_BY(mu_) = 0;
  Counters counters_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
};

GrpcSignerClient::GrpcSignerClient(std::unique_ptr<Core> core) : core_(std::move(core)) {}
GrpcSignerClient::~GrpcSignerClient() = default;

absl::StatusOr<std::unique_ptr<GrpcSignerClient>> GrpcSignerClient::Create(const SignerClientOptions& options,
                                                                           const Clock& clock) {
  if (options.addresses.empty()) return absl::InvalidArgumentError("signer addresses: none, want at least one");
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials =
      ChannelCredentials(options.tls, options.fleet, Role::kSigner, clock);
  if (!credentials.ok()) return credentials.status();
  return std::unique_ptr<GrpcSignerClient>(
      new GrpcSignerClient(std::make_unique<Core>(options, *std::move(credentials), clock)));
}

void GrpcSignerClient::Sign(SignItem item, SignDone done) { core_->Sign(std::move(item), std::move(done)); }

GrpcSignerClient::Counters GrpcSignerClient::counters() const { return core_->counters(); }

absl::Status GrpcSignerClient::Connected() const { return core_->Connected(); }

}  // namespace tokensvc
