#ifndef STORAGE_MACHINE_RECORD_H_
#define STORAGE_MACHINE_RECORD_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"

// What a worker keeps of its machines, as values. The codec (machine_record_codec.h) is the only reader of their bytes.
namespace storage {

// Persisted; numbers as in proto/machines/v1/machines.proto. Append only; a number is never reused.
enum class MachineState : uint8_t {
  kCreated = 1,
  kStarting = 2,
  kStarted = 3,
  kStopping = 4,
  kStopped = 5,
  kSuspended = 6,
  kFailed = 7,
  kRestarting = 8,
  kSuspending = 9,
  kUpdating = 10,
  kDestroying = 11,
  kDestroyed = 12,
  kMigrated = 13,
};

// How a boot ended.
struct ExitReport {
  int exit_code = 0;
  int signal = 0;
  bool oom_killed = false;
  bool requested_stop = false;
  absl::Time exited_at;
  std::string error;
};

// One version of the machine, as the control plane ordered it.
struct MachineVersion {
  std::string version;  // ULID
  std::string image;
  std::string image_digest;
  std::string placement_sha256;  // 32 bytes; names a stored placement
  std::string config;            // serialized fly.machines.v1.MachineConfig: opaque here
};

// The runner of a boot: pid, start time and the host's boot id together cannot be mistaken for another process.
struct RunnerIdentity {
  pid_t pid = 0;
  uint64_t start_ticks = 0;
  std::string host_boot_id;
  pid_t init_pid = 0;
};

// A start of the machine. Written in the same commit that starts it, and never changed into another version.
struct BootRecord {
  std::string boot_id;  // 32 hex digits
  MachineVersion version;
  uint64_t generation = 0;
  std::string macaroon_kid;
  std::string macaroon_rnd;  // 16 bytes: the nonce of the boot's Macaroon
  bool answered = false;     // POST /boot has been answered
  absl::Time started_at;
  std::optional<RunnerIdentity> runner;  // absent until the runtime answered
  std::optional<ExitReport> exit;        // present once the boot has ended
};

// Guards the machine's writers, as in the public Machines API: until it ends, a change must name its nonce.
struct Lease {
  std::string nonce;  // 12 hex digits
  std::string owner;
  std::string description;
  absl::Time expires_at;
};

// How the machine's last operation ended.
struct FinishedOperation {
  std::string id;
  std::string kind;
  std::string error;  // `subject: found, want`; empty: it did what it was for
  absl::Time finished_at;
};

struct MachineRecord {
  std::string id;
  std::string name;
  uint64_t organization_id = 0;
  std::string organization_slug;
  uint64_t app_id = 0;
  std::string app_name;
  std::string region;
  std::string worker;
  uint64_t generation = 0;
  uint64_t revision = 0;        // set by the store: rises by one with every commit
  uint64_t event_sequence = 0;  // set by the store: of the machine's last event
  MachineState state = MachineState::kCreated;
  MachineVersion desired;
  std::optional<BootRecord> boot;  // the one that runs, or the last
  uint32_t restarts = 0;           // by policy, since a boot last ran long or a caller started it
  std::map<std::string, std::string> metadata;
  uint64_t metadata_revision = 0;  // rises with the metadata alone, which make no version
  std::optional<Lease> lease;
  std::optional<FinishedOperation> last_operation;
  absl::Time created_at;
  absl::Time updated_at;
};

// Something that happened to a machine. The store numbers them from 1, without gaps.
struct EventRecord {
  uint64_t sequence = 0;  // set by the store
  std::string type;       // "launch", "start", "exit", …
  MachineState state = MachineState::kCreated;
  std::string source;  // "user", "flyd"
  absl::Time at;
  std::optional<ExitReport> exit;
  std::string detail;
};

// A change in progress. At most one a machine. `kind` and `step` are names of flyd/supervisor/operation_plan.h.
struct OperationRecord {
  std::string id;  // ULID
  std::string kind;
  std::string step;        // the one that is being done
  std::string source;      // "user", "flyd"
  uint32_t attempts = 0;   // at this step that failed
  absl::Time created_at;
  absl::Time step_at;      // when the step became due
  absl::Time deadline;     // of the step; InfiniteFuture: none
  int signal = 0;          // that asks the workload to end
  absl::Duration timeout;  // until it is killed
  std::string error;       // of the last attempt
};

// One event among those of all machines, in the order in which they were committed.
struct FeedEntry {
  uint64_t sequence = 0;  // from 1, without gaps
  std::string machine_id;
  EventRecord event;
};

// What is kept of the host itself.
struct HostRecord {
  bool cordoned = false;  // takes no new machines and starts none
  std::string reason;
  absl::Time changed_at;
};

// What a request id was answered with, so that a repeated request is answered the same.
struct RequestAnswer {
  std::string request_sha256;  // of the serialized request
  std::string answer;          // opaque
  absl::Time expires_at;
};

}  // namespace storage

#endif  // STORAGE_MACHINE_RECORD_H_
