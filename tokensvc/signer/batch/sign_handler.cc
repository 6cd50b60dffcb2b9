#include "tokensvc/signer/batch/sign_handler.h"

#include <grpcpp/grpcpp.h>

#include <deque>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "proto/signer/v1/signer.grpc.pb.h"
#include "tokensvc/rpc/error_details.h"
#include "tokensvc/rpc/peer_identity.h"
#include "tokensvc/rpc/to_grpc_status.h"
#include "tokensvc/signer/batch/sign_batch_codec.h"

namespace tokensvc {
namespace {

namespace pb = fly::signer::v1;

constexpr absl::string_view kDomain = "signer.flyd";
constexpr int kMaxUnanswered = 8;

grpc::ByteBuffer Serialize(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

// One worker's stream. Messages come as bytes, so that one that is no SignBatch can be logged under the worker's name.
// Lives until gRPC is done with it and the pipeline has let go of its last batch.
class SignStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                         public std::enable_shared_from_this<SignStream> {
 public:
  SignStream(BatchPipeline& pipeline, PeerIdentity peer, const Clock& clock, JsonLog& log)
      : pipeline_(pipeline), peer_(std::move(peer)), clock_(clock), log_(log), lane_(pipeline.OpenLane(peer_)) {}

  void Start() {
    self_ = shared_from_this();
    StartRead(&incoming_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return End(grpc::Status::OK);
    if (absl::Status current = CheckNotExpired(peer_, clock_.Now()); !current.ok()) {
      return End(ToGrpcStatus(current, kDomain));
    }
    {
      absl::MutexLock lock(&mu_);
      reading_ = false;
      ++unanswered_;
    }
    pb::SignBatch message;
    absl::StatusOr<IncomingBatch> batch = absl::InvalidArgumentError("message: not a SignBatch");
    if (grpc::SerializationTraits<pb::SignBatch>::Deserialize(&incoming_, &message).ok()) {
      batch = DecodeSignBatch(message);
    }
    if (!batch.ok()) return RefuseMessage(batch.status());
    pipeline_.Submit(lane_, *std::move(batch), [self = shared_from_this()](std::vector<SignOutcome> outcomes) {
      self->Answer(outcomes);
    });
    ReadOn();
  }

  void OnWriteDone(bool ok) override {
    {
      absl::MutexLock lock(&mu_);
      answers_.pop_front();
      --unanswered_;
      if (ok && !answers_.empty() && !finished_) StartWrite(&answers_.front());
    }
    ReadOn();
    FinishWhenAnswered();
  }

  void OnCancel() override {
    pipeline_.CloseLane(*lane_);
    absl::MutexLock lock(&mu_);
    FinishNow(grpc::Status(grpc::StatusCode::CANCELLED, "stream: cancelled"));
  }

  void OnDone() override {
    pipeline_.CloseLane(*lane_);
    self_.reset();
  }

 private:
  // The message stands in the log before its sender hears of it.
  void RefuseMessage(const absl::Status& why) {
    log_.Write("sign.malformed", {{"worker", peer_.name}, {"why", why.message()}});
    const grpc::Status status = ToGrpcStatus(WithReason(why, "REQUEST_MALFORMED"), kDomain);
    pipeline_.SubmitMalformed(lane_, [self = shared_from_this(), status](std::vector<SignOutcome>) {
      {
        absl::MutexLock lock(&self->mu_);
        --self->unanswered_;
      }
      self->End(status);
    });
  }

  void Answer(const std::vector<SignOutcome>& outcomes) {
    for (const SignOutcome& outcome : outcomes) {
      if (const Refusal* refusal = std::get_if<Refusal>(&outcome.result)) {
        log_.Write("sign.refused",
                   {{"worker", peer_.name}, {"code", RefusalName(refusal->code)}, {"why", refusal->message}});
      }
    }
    pb::SignBatchResult result;
    EncodeSignOutcomes(outcomes, result);
    absl::MutexLock lock(&mu_);
    if (finished_) return;
    answers_.push_back(Serialize(result));
    if (answers_.size() == 1) StartWrite(&answers_.front());
  }

  void ReadOn() {
    absl::MutexLock lock(&mu_);
    if (reading_ || finished_ || ending_ || unanswered_ >= kMaxUnanswered) return;
    reading_ = true;
    StartRead(&incoming_);
  }

  // No more is read; what was taken in is still answered.
  void End(const grpc::Status& status) {
    {
      absl::MutexLock lock(&mu_);
      if (!ending_) end_status_ = status;
      ending_ = true;
    }
    FinishWhenAnswered();
  }

  void FinishWhenAnswered() {
    absl::MutexLock lock(&mu_);
    if (ending_ && unanswered_ == 0) FinishNow(end_status_);
  }

  void FinishNow(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (finished_) return;
    finished_ = true;
    Finish(status);
  }

  BatchPipeline& pipeline_;
  const PeerIdentity peer_;
  const Clock& clock_;
  JsonLog& log_;
  const std::shared_ptr<SignLane> lane_;
  std::shared_ptr<SignStream> self_;  // gRPC's share
  grpc::ByteBuffer incoming_;
  absl::Mutex mu_;
  bool reading_ ABSL_GUARDED_BY(mu_) = true;
  bool ending_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  int unanswered_ ABSL_GUARDED_BY(mu_) = 0;
  grpc::Status end_status_ ABSL_GUARDED_BY(mu_);
  std::deque<grpc::ByteBuffer> answers_ ABSL_GUARDED_BY(mu_);  // the front one is being written
};

// A stream that is refused before it begins.
class RefusedStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit RefusedStream(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

class SignService final : public pb::Signer::WithRawCallbackMethod_Sign<pb::Signer::Service> {
 public:
  SignService(BatchPipeline& pipeline, std::string fleet, const Clock& clock, JsonLog& log)
      : pipeline_(pipeline), fleet_(std::move(fleet)), clock_(clock), log_(log) {}

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Sign(grpc::CallbackServerContext* context) override {
    absl::StatusOr<PeerIdentity> peer = IdentifyPeer(*context, fleet_, clock_.Now());
    if (!peer.ok()) return new RefusedStream(ToGrpcStatus(peer.status(), kDomain));
    auto stream = std::make_shared<SignStream>(pipeline_, *std::move(peer), clock_, log_);
    stream->Start();
    return stream.get();
  }

 private:
  BatchPipeline& pipeline_;
  const std::string fleet_;
  const Clock& clock_;
  JsonLog& log_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeSignService(BatchPipeline& pipeline, std::string fleet, const Clock& clock,
                                               JsonLog& log) {
  return std::make_unique<SignService>(pipeline, std::move(fleet), clock, log);
}

}  // namespace tokensvc
