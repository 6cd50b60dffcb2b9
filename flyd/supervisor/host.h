#ifndef FLYD_SUPERVISOR_HOST_H_
#define FLYD_SUPERVISOR_HOST_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "flyd/supervisor/operation_plan.h"
#include "storage/host_store.h"
#include "tokensvc/clock.h"

namespace flyd {

// More operations than this in progress, and new orders are refused: they would only wait.
inline constexpr size_t kMaxOperations = 16384;
// Less free space than this on the store's disk, and new orders are refused; what is kept free is for what happens to the
// machines meanwhile, which has to be written down.
inline constexpr uint64_t kSpaceReserveBytes = uint64_t{64} << 20;

// Whether this host takes orders that begin something. Thread-safe.
class Host {
 public:
  // Bytes that may still be written to the store's disk.
  using FreeSpace = std::function<uint64_t()>;

  // Reads what is kept. References are not owned and outlive this. DataLoss.
  static absl::StatusOr<std::unique_ptr<Host>> Open(storage::HostStore& store, const tokensvc::Clock& clock,
                                                    FreeSpace free_space);

  // A cordoned host begins no machine that is not running. Durable when it returns.
  absl::Status Cordon(absl::string_view reason) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Uncordon() ABSL_LOCKS_EXCLUDED(mu_);
  storage::HostRecord record() const ABSL_LOCKS_EXCLUDED(mu_);

  // FailedPrecondition (reason HOST_CORDONED): an operation of this kind begins no more. ResourceExhausted with a retry
  // time: too many are in progress, or the disk is nearly full.
  absl::Status Admit(OperationKind kind, size_t in_progress) const ABSL_LOCKS_EXCLUDED(mu_);

  // ResourceExhausted with a retry time: the disk is nearly full. What is left is for what ends something.
  absl::Status HasRoom() const;

 private:
  Host(storage::HostStore& store, const tokensvc::Clock& clock, FreeSpace free_space, storage::HostRecord record)
      : store_(store), clock_(clock), free_space_(std::move(free_space)), record_(std::move(record)) {}

  absl::Status Put(storage::HostRecord record) ABSL_LOCKS_EXCLUDED(mu_);

  storage::HostStore& store_;
  const tokensvc::Clock& clock_;
  const FreeSpace free_space_;
  mutable absl::Mutex mu_;
  storage::HostRecord record_ ABSL_GUARDED_BY(mu_);
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_HOST_H_
