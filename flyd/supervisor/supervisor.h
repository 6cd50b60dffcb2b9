#ifndef FLYD_SUPERVISOR_SUPERVISOR_H_
#define FLYD_SUPERVISOR_SUPERVISOR_H_

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flyd/runtime/runtime.h"
#include "flyd/supervisor/boot_gate.h"
#include "flyd/supervisor/boot_registry.h"
#include "flyd/supervisor/executor.h"
#include "flyd/supervisor/guest_sockets.h"
#include "flyd/supervisor/machine_state.h"
#include "flyd/supervisor/machine_waiters.h"
#include "flyd/supervisor/placement_check.h"
#include "storage/keyring.h"
#include "storage/machine_store.h"
#include "tokensvc/clock.h"
#include "tokensvc/unique_id_source.h"

namespace flyd {

using storage::MachineState;

// Names a request that may be repeated. Both empty: it is not.
struct RequestKey {
  std::string id;      // the caller's
  std::string sha256;  // of the request, so that another one under the same id is noticed
};

struct CreateMachine {
  RequestKey request;
  std::string placement;  // serialized SignedPlacement
  std::string config;     // serialized, checked MachineConfig
  bool start = true;
};

struct StopMachine {
  std::string id;
  RequestKey request;
  uint64_t expected_revision = 0;         // 0: any
  int signal = 0;                         // 0: the configuration's
  std::optional<absl::Duration> timeout;  // absent: the configuration's
};

struct UpdateMachine {
  std::string id;
  RequestKey request;
  std::string placement;
  std::string config;
  uint64_t expected_revision = 0;
  std::string current_version;  // empty: any
};

// What the supervisor tells of what it noticed: {"machine", id}, a name, a detail. Thread-safe; must not block.
using SupervisorLog = std::function<void(absl::string_view event, absl::string_view machine_id, absl::string_view detail)>;

struct SupervisorParts {  // none is owned; all outlive the supervisor
  storage::MachineStore& store;
  Runtime& runtime;
  GuestSockets& sockets;
  const storage::Keyring& keyring;
  const tokensvc::Clock& clock;
  tokensvc::UniqueIdSource& ids;
  SupervisorLog log;
};

struct WorkerIdentity {
  std::string worker;
  uint32_t key_epoch = 0;  // of the Macaroon root key that new boots use
  std::vector<tokensvc::PlacementKey> placement_keys;
};

// Keeps the machines of this worker in the states that the control plane ordered.
//
// Every change is one synced commit of record, event and operation; its effect follows, idempotent by boot id; what the
// effect brought is another commit. A supervisor that is killed anywhere and starts again with Recover() goes on from
// the last commit. Everything that a call has answered with OK survives.
//
// Thread-safe. Calls block for a commit, never for an effect. Codes of all: NotFound, no such machine; Aborted, another
// revision; FailedPrecondition, not from this state; InvalidArgument, the placement or a repeated request id with
// another request; DataLoss, the store failed and the process must end.
class Supervisor final : public BootGate {
 public:
  Supervisor(SupervisorParts parts, WorkerIdentity identity);

  // Effects that have begun are waited for; machines run on.
  ~Supervisor() override;

  // Finds the boots of the last process again, and resumes what it had begun. Once, before anything else.
  absl::Status Recover();

  // The runtime tells of ends here (ExitSink).
  void OnExit(absl::string_view machine_id, absl::string_view boot_id, const BootExit& exit);

  absl::StatusOr<storage::MachineRecord> Create(const CreateMachine& request);
  absl::StatusOr<storage::MachineRecord> Start(const std::string& id, const RequestKey& request,
                                               uint64_t expected_revision);
  // Answers once no token of the boot can leave any more.
  absl::StatusOr<storage::MachineRecord> Stop(const StopMachine& request);
  absl::StatusOr<storage::MachineRecord> Update(const UpdateMachine& request);
  // `force`: kill it first if it runs.
  absl::StatusOr<storage::MachineRecord> Destroy(const std::string& id, const RequestKey& request, bool force);

  // Puts a placement with new times in the place of one with the same version and generation.
  absl::Status Renew(const std::string& placement);

  // Calls `done` once, from any thread and perhaps before this returns, when the wish is fulfilled or cannot be any more
  // (MachineWaiters). The ticket ends the wait: `done` is then not called, unless it is being called already.
  absl::StatusOr<uint64_t> Await(const std::string& id, MachineWish wish, MachineWaiters::Done done);
  void EndAwait(uint64_t ticket);

  absl::StatusOr<ExecResult> Exec(const std::string& id, const ExecRequest& request);

  // BootGate.
  absl::StatusOr<std::shared_ptr<const BootView>> PresentBoot(absl::string_view machine_id) override;
  absl::StatusOr<std::string> TakeBootAnswer(absl::string_view machine_id) override;
  absl::Status Release(const BootView& view, absl::FunctionRef<void()> write) override;
  absl::Status ReportFromInit(const BootView& view, absl::string_view type, absl::string_view detail) override;

 private:
  using Record = storage::MachineRecord;
  using Result = absl::StatusOr<storage::MachineRecord>;

  // One change of one machine at a time.
  absl::Mutex& LockOf(absl::string_view id);

  // The answer to a request that was answered before; nullopt: it was not.
  absl::StatusOr<std::optional<Record>> Repeated(const RequestKey& request);
  storage::MachineChange ChangeOf(const Record& record, absl::string_view event, absl::string_view source,
                                  absl::string_view detail) const;
  void Answering(storage::MachineChange& change, const RequestKey& request) const;
  Result CommitChange(storage::MachineChange change);
  Result Move(Record record, MachineEvent event, absl::string_view type, const RequestKey& request);
  Result Find(const std::string& id) const;
  Result FindAt(const std::string& id, uint64_t expected_revision) const;  // 0: any
  static absl::Status CheckMay(const Record& record, MachineEvent event);
  absl::StatusOr<tokensvc::VerifiedPlacement> CheckedPlacement(const std::string& bytes);

  absl::Status BeginBoot(Record& record);
  absl::Status PublishBoot(const Record& record, bool booting);
  void LaunchBoot(const Record& record);
  void EndBoot(const Record& record, int signal, absl::Duration timeout);
  void HandleExit(const std::string& id, const std::string& boot_id, const BootExit& exit, MachineEvent event);
  void FinishDestroy(const std::string& id);
  void AlarmOfSecondBootRequest(const Record& record) ABSL_LOCKS_EXCLUDED(alarm_mu_);
  absl::Status RecoverMachine(const Record& record);
  absl::Status RecoverBoot(const Record& record);
  void Note(absl::string_view event, absl::string_view machine_id, absl::string_view detail) const;

  const SupervisorParts parts_;
  const WorkerIdentity identity_;
  const PlacementCheck placement_check_;
  BootRegistry registry_;
  static constexpr size_t kStripes = 64;
  std::array<absl::Mutex, kStripes> locks_;

  // Boots that the last process was starting when it ended. It may have answered POST /boot without PID 1 hearing it: such
  // a boot cannot begin, and another takes its place. Set by Recover, constant afterwards.
  absl::flat_hash_set<std::string> interrupted_;

  absl::Mutex alarm_mu_;
  // The boot of each machine that asked for its answer twice.
  absl::flat_hash_map<std::string, std::string> alarmed_ ABSL_GUARDED_BY(alarm_mu_);

  MachineWaiters waiters_;  // told of every commit

  Executor executor_;  // last: its tasks use everything above
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_SUPERVISOR_H_
