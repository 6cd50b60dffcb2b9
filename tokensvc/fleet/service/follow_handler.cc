#include "tokensvc/fleet/service/follow_handler.h"

#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/sync_stream.h>

#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "proto/fleet/v1/fleet.grpc.pb.h"
#include "tokensvc/fleet/service/fleet_audit.h"
#include "tokensvc/rpc/peer_identity.h"
#include "tokensvc/rpc/to_grpc_status.h"

namespace tokensvc {
namespace {

namespace pb = fly::fleet::v1;
using Stream = grpc::ServerReaderWriter<pb::FollowResponse, pb::FollowRequest>;

// How one of a stream's two threads tells the other that it is over. The first word counts.
class Ending {
 public:
  void Say(absl::Status why) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (why_.ok()) why_ = std::move(why);
  }
  absl::Status why() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return why_;
  }

 private:
  mutable absl::Mutex mu_;
  absl::Status why_ ABSL_GUARDED_BY(mu_);  // OK: not over
};

class FollowHandler final : public pb::FleetLog::Service {
 public:
  FollowHandler(std::string fleet, FleetLog& log, JsonLog& lines, const Clock& clock)
      : fleet_(std::move(fleet)), log_(log), lines_(lines), clock_(clock) {}

  grpc::Status Follow(grpc::ServerContext* context, Stream* stream) override {
    const absl::StatusOr<PeerIdentity> peer = IdentifyPeer(*context, fleet_, clock_.Now());
    if (!peer.ok()) return ToGrpcStatus(peer.status(), kFleetErrorDomain);
    pb::FollowRequest hello;
    if (!stream->Read(&hello)) {
      return ToGrpcStatus(absl::InvalidArgumentError("stream: no message, want what the signer holds"),
                          kFleetErrorDomain);
    }
    const absl::StatusOr<uint64_t> session =
        log_.BeginFollowing(peer->name, hello.applied_number(), hello.applied_sha256());
    Tell("signer.follows", peer->name, hello.applied_number(), session.status());
    if (!session.ok()) return ToGrpcStatus(session.status(), kFleetErrorDomain);

    Ending ending;
    std::thread acknowledgements([&] { ReadAll(*stream, *peer, *session, ending); });
    SendAll(*stream, *peer, *session, hello.applied_number(), ending);
    // The reader may wait for a message that never comes; a refusal of its own ended it already.
    const absl::Status why = ending.why();
    if (why.code() != absl::StatusCode::kFailedPrecondition) context->TryCancel();
    acknowledgements.join();
    Tell("signer.left", peer->name, log_.number(), why);
    return ToGrpcStatus(why, kFleetErrorDomain);
  }

 private:
  void ReadAll(Stream& stream, const PeerIdentity& peer, uint64_t session, Ending& ending) {
    pb::FollowRequest request;
    while (stream.Read(&request)) {
      absl::Status kept = CheckNotExpired(peer, clock_.Now());
      if (kept.ok()) {
        kept = log_.Acknowledge(peer.name, session, request.applied_number(), request.applied_sha256());
      }
      if (!kept.ok()) return ending.Say(std::move(kept));
    }
    ending.Say(absl::CancelledError("stream: closed by the signer, want it open"));
  }

  void SendAll(Stream& stream, const PeerIdentity& peer, uint64_t session, uint64_t sent, Ending& ending) {
    absl::Time head_issued = absl::InfinitePast();
    while (ending.why().ok()) {
      if (absl::Status valid = CheckNotExpired(peer, clock_.Now()); !valid.ok()) return ending.Say(std::move(valid));
      absl::StatusOr<FleetLog::Next> next = log_.AwaitNext(peer.name, session, sent, head_issued);
      if (!next.ok()) return ending.Say(next.status());
      if (next->entries.empty() && next->head.empty()) continue;
      sent += next->entries.size();
      if (!next->head.empty()) head_issued = next->head_issued;
      pb::FollowResponse response;
      for (std::string& entry : next->entries) response.add_entries(std::move(entry));
      response.set_head(std::move(next->head));
      if (!stream.Write(response)) return ending.Say(absl::CancelledError("stream: broken, want it open"));
    }
  }

  void Tell(absl::string_view event, absl::string_view signer, uint64_t number, const absl::Status& status) {
    const std::string code = absl::StatusCodeToString(status.code());
    lines_.Write(event, {{"signer", signer},
                         {"number", static_cast<int64_t>(number)},
                         {"code", code},
                         {"detail", status.message()}});
  }

  const std::string fleet_;
  FleetLog& log_;
  JsonLog& lines_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeFollowHandler(std::string fleet, FleetLog& log, JsonLog& lines, const Clock& clock) {
  return std::make_unique<FollowHandler>(std::move(fleet), log, lines, clock);
}

}  // namespace tokensvc
