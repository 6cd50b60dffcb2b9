#include "tokensvc/signer/fleet/fleet_log_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/fleet/v1/fleet.grpc.pb.h"
#include "tokensvc/rpc/server_settings.h"
#include "tokensvc/rpc/to_grpc_status.h"

namespace tokensvc {
namespace {

namespace pb = fly::fleet::v1;

constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
constexpr absl::Duration kLongestPause = absl::Seconds(5);

}  // namespace

class FleetLogClient::Core {
 public:
  Core(const std::string& address, std::shared_ptr<grpc::ChannelCredentials> credentials, FleetView& view,
       BeforeAcknowledging before_acknowledging, JsonLog& log)
      : view_(view), before_acknowledging_(std::move(before_acknowledging)), log_(log) {
    grpc::ChannelArguments arguments;
    ApplyChannelSettings(arguments);
    stub_ = pb::FleetLog::NewStub(grpc::CreateCustomChannel(address, credentials, arguments));
    thread_ = std::thread([this] { Run(); });
  }

  ~Core() {
    {
      absl::MutexLock lock(&mu_);
      stopping_ = true;
      if (context_ != nullptr) context_->TryCancel();
    }
    thread_.join();
  }

 private:
  void Run() {
    absl::Duration pause = kFirstPause;
    while (true) {
      bool applied_some = false;
      const absl::Status ended = FollowOnce(applied_some);
      absl::MutexLock lock(&mu_);
      if (stopping_) return;
      log_.Write("fleet_log.disconnected", {{"why", ended.message()}});
      pause = applied_some ? kFirstPause : std::min(pause * 2, kLongestPause);
      if (mu_.AwaitWithTimeout(absl::Condition(&stopping_), pause)) return;
    }
  }

  absl::Status FollowOnce(bool& applied_some) {
    grpc::ClientContext context;
    {
      absl::MutexLock lock(&mu_);
      if (stopping_) return absl::CancelledError("stopping");
      context_ = &context;
    }
    std::unique_ptr<grpc::ClientReaderWriter<pb::FollowRequest, pb::FollowResponse>> stream = stub_->Follow(&context);
    absl::Status refused;
    bool alive = stream->Write(Acknowledgement());
    pb::FollowResponse response;
    while (alive && stream->Read(&response)) {
      refused = Apply(response);
      if (!refused.ok()) {
        context.TryCancel();
        break;
      }
      applied_some = true;
      alive = stream->Write(Acknowledgement());
    }
    const grpc::Status status = stream->Finish();
    absl::MutexLock lock(&mu_);
    context_ = nullptr;
    return refused.ok() ? FromGrpcStatus(status) : refused;
  }

  absl::Status Apply(const pb::FollowResponse& response) {
    const std::vector<std::string> entries(response.entries().begin(), response.entries().end());
    if (absl::Status applied = view_.Apply(entries, response.head()); !applied.ok()) {
      log_.Write("fleet_log.refused", {{"why", applied.message()}});
      return applied;
    }
    before_acknowledging_(*view_.snapshot());
    return absl::OkStatus();
  }

  pb::FollowRequest Acknowledgement() const {
    const std::shared_ptr<const FleetSnapshot> snapshot = view_.snapshot();
    pb::FollowRequest request;
    request.set_applied_number(snapshot->state.number());
    request.set_applied_sha256(snapshot->state.sha256());
    return request;
  }

  FleetView& view_;
  const BeforeAcknowledging before_acknowledging_;
  JsonLog& log_;
  std::unique_ptr<pb::FleetLog::Stub> stub_;
  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mu_) = nullptr;  // of the stream under way
  std::thread thread_;
};

FleetLogClient::FleetLogClient(const std::string& address, std::shared_ptr<grpc::ChannelCredentials> credentials,
                               FleetView& view, BeforeAcknowledging before_acknowledging, JsonLog& log)
    : core_(std::make_unique<Core>(address, std::move(credentials), view, std::move(before_acknowledging), log)) {}

FleetLogClient::~FleetLogClient() = default;

}  // namespace tokensvc
