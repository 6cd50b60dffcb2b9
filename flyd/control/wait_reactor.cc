#include "flyd/control/wait_reactor.h"

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "flyd/control/machine_codec.h"
#include "flyd/control/machines_domain.h"
#include "flyd/supervisor/machine_state.h"
#include "proto/machines/v1/machines.pb.h"
#include "tokensvc/rpc/to_grpc_status.h"

namespace flyd {
namespace {

// Held by gRPC until OnDone, and by the wait until it is over.
class WaitReactor final : public grpc::ServerUnaryReactor, public std::enable_shared_from_this<WaitReactor> {
 public:
  WaitReactor(Supervisor& supervisor, const std::string& incarnation, fly::machines::v1::Machine* out)
      : supervisor_(supervisor), incarnation_(incarnation), out_(out) {}

  void Begin(const std::string& machine_id, const MachineWish& wish, absl::Duration timeout) {
    self_ = shared_from_this();
    const absl::StatusOr<uint64_t> ticket = supervisor_.Await(
        machine_id, wish, [self = shared_from_this()](absl::StatusOr<storage::MachineRecord> record) {
          self->End(std::move(record));
        });
    if (!ticket.ok()) return End(ticket.status());
    absl::MutexLock lock(&mu_);
    if (ended_) return supervisor_.EndAwait(*ticket);
    ticket_ = *ticket;
    const std::string late = absl::StrCat("machine ", machine_id, ": not ", StateName(wish.state), " after ",
                                          absl::FormatDuration(timeout), ", want it so");
    // The alarm keeps its callback for as long as it lives itself, so the callback must not keep the reactor.
    alarm_.Set(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout),
               [weak = weak_from_this(), late](bool rang) {
                 if (const auto self = weak.lock(); rang && self != nullptr) self->End(absl::DeadlineExceededError(late));
               });
  }

  void OnCancel() override { End(absl::CancelledError("wait: the caller is gone")); }
  void OnDone() override { self_.reset(); }

 private:
  void End(absl::StatusOr<storage::MachineRecord> outcome) {
    std::optional<uint64_t> ticket;
    {
      absl::MutexLock lock(&mu_);
      if (std::exchange(ended_, true)) return;
      ticket = ticket_;
      alarm_.Cancel();
    }
    if (ticket.has_value()) supervisor_.EndAwait(*ticket);
    if (!outcome.ok()) return Finish(tokensvc::ToGrpcStatus(outcome.status(), kMachinesDomain));
    ToProto(*outcome, incarnation_, *out_);
    Finish(grpc::Status::OK);
  }

  Supervisor& supervisor_;
  const std::string& incarnation_;
  fly::machines::v1::Machine* const out_;  // gRPC's, until Finish
  std::shared_ptr<WaitReactor> self_;      // gRPC's share
  absl::Mutex mu_;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<uint64_t> ticket_ ABSL_GUARDED_BY(mu_);
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mu_);
};

class RefusedWait final : public grpc::ServerUnaryReactor {
 public:
  explicit RefusedWait(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerUnaryReactor* StartWait(Supervisor& supervisor, const std::string& store_incarnation,
                                    const std::string& machine_id, const MachineWish& wish, absl::Duration timeout,
                                    fly::machines::v1::Machine* out) {
  const auto reactor = std::make_shared<WaitReactor>(supervisor, store_incarnation, out);
  reactor->Begin(machine_id, wish, timeout);
  return reactor.get();
}

grpc::ServerUnaryReactor* RefuseWait(const grpc::Status& status) { return new RefusedWait(status); }

}  // namespace flyd
