#ifndef FLYD_SUPERVISOR_BOOT_REGISTRY_H_
#define FLYD_SUPERVISOR_BOOT_REGISTRY_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "flyd/supervisor/boot_gate.h"

namespace flyd {

// The fence: which boot of each machine may mint, and in which epoch. In memory alone; a restarted flyd publishes again.
//
// Invariant: Release runs a write only while the view that it was asked with is the published one, and Publish, Renew and
// Fence wait for a write that runs. So when Fence has returned, nothing asked for before it is ever written.
// Thread-safe.
class BootRegistry {
 public:
  // From now on `view` may mint, in a new epoch (view.epoch is set here).
  void Publish(BootView view);

  // The same boot in a new epoch: what was asked for before it is not written any more. Nothing where no boot is published.
  void Renew(absl::string_view machine_id);

  // Alters the view within its epoch: what was asked for before is still written. Nothing where no boot is published.
  void Amend(absl::string_view machine_id, absl::FunctionRef<void(BootView&)> change);

  // No boot may mint any more.
  void Fence(absl::string_view machine_id);

  // FailedPrecondition: none may mint.
  absl::StatusOr<std::shared_ptr<const BootView>> Present(absl::string_view machine_id) const;

  // The same, or the one that was fenced last, until it is forgotten: it may still tell how it ended.
  absl::StatusOr<std::shared_ptr<const BootView>> Last(absl::string_view machine_id) const;
  void Forget(absl::string_view machine_id);

  // As BootGate::Release.
  absl::Status Release(const BootView& view, absl::FunctionRef<void()> write);

 private:
  // A write under the lock of one stripe does not hold up machines of the others.
  struct Stripe {
    mutable absl::Mutex mu;
    absl::flat_hash_map<std::string, std::shared_ptr<const BootView>> published ABSL_GUARDED_BY(mu);
    absl::flat_hash_map<std::string, std::shared_ptr<const BootView>> fenced ABSL_GUARDED_BY(mu);
    absl::flat_hash_map<std::string, uint64_t> epochs ABSL_GUARDED_BY(mu);
  };
  static constexpr size_t kStripes = 64;

  Stripe& StripeOf(absl::string_view machine_id) const;

  mutable std::array<Stripe, kStripes> stripes_;
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_BOOT_REGISTRY_H_
