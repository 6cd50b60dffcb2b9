#ifndef FLYD_RUNTIME_ID_RANGES_H_
#define FLYD_RUNTIME_ID_RANGES_H_

#include <cstdint>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flyd {

// Ids of one machine in a user namespace: as many as 16-bit user ids need.
inline constexpr uint32_t kIdsPerMachine = 65536;

// Which boot has which range of host ids. No two owners share a range. Not thread-safe.
class IdRanges {
 public:
  IdRanges(uint32_t first_host_id, uint32_t count) : first_(first_host_id), count_(count) {}

  // The lowest free range, or the one that `owner` has. ResourceExhausted if none is free.
  absl::StatusOr<uint32_t> Take(absl::string_view owner);
  // Records what a boot's files say. A range that is not ours to give is ignored.
  void Restore(absl::string_view owner, uint32_t first_id);
  void Release(absl::string_view owner);

 private:
  const uint32_t first_;
  const uint32_t count_;
  absl::btree_map<uint32_t, std::string> owners_;  // by index of the range
};

}  // namespace flyd

#endif  // FLYD_RUNTIME_ID_RANGES_H_
