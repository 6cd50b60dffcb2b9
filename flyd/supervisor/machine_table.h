#ifndef FLYD_SUPERVISOR_MACHINE_TABLE_H_
#define FLYD_SUPERVISOR_MACHINE_TABLE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flyd/supervisor/machine_waiters.h"
#include "storage/machine_store.h"
#include "tokensvc/clock.h"

namespace flyd {

// Names a request that may be repeated. Both empty: it is not.
struct RequestKey {
  std::string id;      // the caller's
  std::string sha256;  // of the request, so that another one under the same id is noticed
};

// What is told of what was noticed: a name, the machine, a detail. Thread-safe; must not block.
using SupervisorLog = std::function<void(absl::string_view event, absl::string_view machine_id, absl::string_view detail)>;

// The records under their locks: who changes a machine holds LockOf it from reading to commit, and who waits is woken by
// each commit. Thread-safe.
class MachineTable {
 public:
  using Record = storage::MachineRecord;

  // What must end the process: the store lost what it was given, and only another process may read it again.
  using OnLost = std::function<void(const absl::Status&)>;

  // Neither reference is owned; both outlive this.
  MachineTable(storage::MachineStore& store, const tokensvc::Clock& clock, SupervisorLog log, OnLost on_lost)
      : store_(store), clock_(clock), log_(std::move(log)), on_lost_(std::move(on_lost)) {}

  // One change of one machine at a time. Machines share locks: never hold two.
  absl::Mutex& LockOf(absl::string_view id);

  const storage::MachineStore& store() const { return store_; }
  const tokensvc::Clock& clock() const { return clock_; }
  void Note(absl::string_view event, absl::string_view machine_id, absl::string_view detail) const {
    log_(event, machine_id, detail);
  }

  // A change of the record, with one event of its present state.
  storage::MachineChange ChangeOf(const Record& record, absl::string_view event, absl::string_view source,
                                  absl::string_view detail) const;

  // Codes as MachineStore::Commit.
  absl::StatusOr<Record> Commit(const storage::MachineChange& change) ABSL_LOCKS_EXCLUDED(changed_mu_);

  // The machine that a request named when it was answered before; nullopt: it was not. InvalidArgument: the id was used
  // for another request.
  absl::StatusOr<std::optional<Record>> Repeated(const RequestKey& request) const;

  // The change answers the request: it is found by Repeated for 24 h.
  void Answering(storage::MachineChange& change, const RequestKey& request) const;

  // Told of every commit.
  MachineWaiters& waiters() { return waiters_; }

  // Returns after the next commit, or after `timeout`. `seen` is what commits() was before the caller looked.
  void AwaitCommit(uint64_t seen, absl::Duration timeout) ABSL_LOCKS_EXCLUDED(changed_mu_);
  uint64_t commits() const ABSL_LOCKS_EXCLUDED(changed_mu_);

 private:
  storage::MachineStore& store_;
  const tokensvc::Clock& clock_;
  const SupervisorLog log_;
  const OnLost on_lost_;
  static constexpr size_t kStripes = 256;
  std::array<absl::Mutex, kStripes> locks_;

  MachineWaiters waiters_;
  mutable absl::Mutex changed_mu_;
  absl::CondVar changed_;
  uint64_t commits_ ABSL_GUARDED_BY(changed_mu_) = 0;
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_MACHINE_TABLE_H_
