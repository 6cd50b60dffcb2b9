#ifndef STORAGE_MACHINE_STORE_H_
#define STORAGE_MACHINE_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/machine_record.h"

namespace storage {

// What is done to one machine at once: all of it is durable when Commit returns, or none of it ever is.
struct MachineChange {
  MachineRecord record;            // its new content; revision and event_sequence are the store's to set
  uint64_t expected_revision = 0;  // of the stored record; 0: there is none yet
  std::vector<EventRecord> events;

  // The machine's operation afterwards: absent leaves it as it is, nullopt inside ends it.
  std::optional<std::optional<OperationRecord>> operation;

  std::vector<std::pair<std::string, std::string>> placements;  // SHA-256 -> serialized SignedPlacement, kept for good
  std::optional<std::pair<std::string, RequestAnswer>> answer;  // request id -> what it was answered
};

// The machines of one worker. Thread-safe. One process at a time has it open. Holds no clock.
class MachineStore {
 public:
  virtual ~MachineStore() = default;

  // One synced, atomic write; answers the record as it is stored now. Callers that commit at the same time share one sync.
  //   Aborted: the stored revision is not the expected one; nothing was written.
  //   DataLoss: the write, or its sync, went wrong. What is on disk is unknown: the process must end and read it again,
  //   and must not try once more, because a kernel that failed a sync may report success for the same pages later.
  virtual absl::StatusOr<MachineRecord> Commit(const MachineChange& change) = 0;

  // NotFound. DataLoss, naming the file: the stored bytes are damaged.
  virtual absl::StatusOr<MachineRecord> Get(absl::string_view id) const = 0;

  // By id, those after `after_id` (empty: from the start), at most `limit`.
  virtual absl::StatusOr<std::vector<MachineRecord>> List(absl::string_view after_id, size_t limit) const = 0;

  // The machine's operation in progress. NotFound: it has none, or is not known.
  virtual absl::StatusOr<OperationRecord> GetOperation(absl::string_view machine_id) const = 0;

  // Every machine with an operation in progress.
  virtual absl::StatusOr<std::vector<std::pair<std::string, OperationRecord>>> Operations() const = 0;

  // NotFound.
  virtual absl::StatusOr<std::string> GetPlacement(absl::string_view sha256) const = 0;
  virtual absl::StatusOr<RequestAnswer> GetAnswer(absl::string_view request_id) const = 0;

  // Why nothing can be changed, and what mends it: this is a copy of a store that is damaged. OK: it can. Commit answers
  // the same; whoever does something before a commit that a refusal would not undo asks first.
  virtual absl::Status Changeable() const { return absl::OkStatus(); }

  // Random, made with the store: a restored backup or a new store has another. 32 hex digits.
  virtual const std::string& incarnation() const = 0;
};

}  // namespace storage

#endif  // STORAGE_MACHINE_STORE_H_
