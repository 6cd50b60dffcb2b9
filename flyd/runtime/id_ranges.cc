#include "flyd/runtime/id_ranges.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flyd {

absl::StatusOr<uint32_t> IdRanges::Take(absl::string_view owner) {
  uint32_t free = 0;
  bool found = false;
  for (const auto& [index, holder] : owners_) {
    if (holder == owner) return first_ + index * kIdsPerMachine;
    if (!found && index != free) found = true;
    if (!found) free = index + 1;
  }
  if (free >= count_) {
    return absl::ResourceExhaustedError(absl::StrCat("id ranges: all ", count_, " taken, want a free one"));
  }
  owners_.emplace(free, std::string(owner));
  return first_ + free * kIdsPerMachine;
}

void IdRanges::Restore(absl::string_view owner, uint32_t first_id) {
  if (first_id < first_ || (first_id - first_) % kIdsPerMachine != 0) return;
  const uint32_t index = (first_id - first_) / kIdsPerMachine;
  if (index < count_) owners_.emplace(index, std::string(owner));
}

void IdRanges::Release(absl::string_view owner) {
  for (auto it = owners_.begin(); it != owners_.end(); ++it) {
    if (it->second == owner) {
      owners_.erase(it);
      return;
    }
  }
}

}  // namespace flyd
