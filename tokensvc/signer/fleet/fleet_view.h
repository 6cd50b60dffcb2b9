#ifndef TOKENSVC_SIGNER_FLEET_FLEET_VIEW_H_
#define TOKENSVC_SIGNER_FLEET_FLEET_VIEW_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "storage/sqlite_connection.h"
#include "tokensvc/fleetlog/fleet_log_values.h"
#include "tokensvc/fleetlog/fleet_state.h"

namespace tokensvc {

// What a signer knows of the fleet at one instant. Immutable: a request is judged by one snapshot.
struct FleetSnapshot {
  FleetState state;
  std::optional<FleetHead> head;  // the signing lease; absent until the first one came
};

// The fleet log as this signer has applied it: entries and the newest head in one SQLite file, folded in memory.
// It only goes forward: an entry is applied once, in its place in the chain, and a head never replaces a newer one.
// Thread-safe.
class FleetView {
 public:
  // Verifies and folds what the file holds under the pinned key. DataLoss: an entry of the file does not verify.
  static absl::StatusOr<std::unique_ptr<FleetView>> Open(const std::string& path, std::string fleet_key_spki);

  std::shared_ptr<const FleetSnapshot> snapshot() const ABSL_LOCKS_EXCLUDED(mu_);

  // Applies serialized SignedFleetLogEntries in order, and then the serialized SignedFleetHead unless it is empty. All or
  // nothing, and durable when it returns.
  //   InvalidArgument, PermissionDenied: not signed by the fleet key. FailedPrecondition: not the next entries of this
  //   chain, or a head of another chain or of entries not applied yet. Otherwise as SqliteConnection.
  absl::Status Apply(absl::Span<const std::string> entries, absl::string_view head) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  FleetView(std::unique_ptr<storage::SqliteConnection> db, std::string fleet_key_spki)
      : fleet_key_spki_(std::move(fleet_key_spki)), db_(std::move(db)) {}
  absl::Status Load() ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_);
  absl::Status Fold(FleetSnapshot& next, absl::Span<const std::string> entries, absl::string_view head) const;
  absl::Status Store(uint64_t first_number, absl::Span<const std::string> entries, absl::string_view head)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_);
  void Publish(FleetSnapshot next) ABSL_LOCKS_EXCLUDED(mu_);

  const std::string fleet_key_spki_;
  absl::Mutex writer_ ABSL_ACQUIRED_BEFORE(mu_);
  const std::unique_ptr<storage::SqliteConnection> db_ ABSL_PT_GUARDED_BY(writer_);
  mutable absl::Mutex mu_;
  std::shared_ptr<const FleetSnapshot> snapshot_ ABSL_GUARDED_BY(mu_) = std::make_shared<const FleetSnapshot>();
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_FLEET_FLEET_VIEW_H_
