#ifndef STORAGE_MACHINE_HISTORY_H_
#define STORAGE_MACHINE_HISTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/machine_record.h"

namespace storage {

// Which entries of the feed are kept: those after `compacted`, up to `last`.
struct FeedRange {
  uint64_t compacted = 0;
  uint64_t last = 0;
};

// What happened to the machines of one worker. Thread-safe.
class MachineHistory {
 public:
  virtual ~MachineHistory() = default;

  // Of one machine, oldest first, those after `after_sequence`, at most `limit`.
  virtual absl::StatusOr<std::vector<EventRecord>> Events(absl::string_view machine_id, uint64_t after_sequence,
                                                          size_t limit) const = 0;

  // Of all machines in the order of their commits, those after `after`, at most `limit`.
  // OutOfRange: entries after it are not kept any more, or it is beyond the last.
  virtual absl::StatusOr<std::vector<FeedEntry>> Feed(uint64_t after, size_t limit) const = 0;

  virtual FeedRange feed_range() const = 0;

  // Forgets events older than `before` and answers that ended before `now`. The numbers of what is kept do not change.
  virtual absl::Status Compact(absl::Time before, absl::Time now) = 0;
};

}  // namespace storage

#endif  // STORAGE_MACHINE_HISTORY_H_
