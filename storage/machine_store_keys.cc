#include "storage/machine_store_keys.h"

#include "absl/strings/str_cat.h"

namespace storage {

std::string FeedKey(uint64_t sequence) {
  std::string key;
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(sequence >> shift));
  return key;
}

uint64_t FeedSequence(absl::string_view key) {
  if (key.size() != sizeof(uint64_t)) return 0;
  uint64_t sequence = 0;
  for (const char byte : key) sequence = sequence << 8 | static_cast<unsigned char>(byte);
  return sequence;
}

std::string EventPrefix(absl::string_view machine_id) { return absl::StrCat(machine_id, absl::string_view("\0", 1)); }

std::string EventKey(absl::string_view machine_id, uint64_t sequence) {
  return EventPrefix(machine_id) + FeedKey(sequence);
}

}  // namespace storage
