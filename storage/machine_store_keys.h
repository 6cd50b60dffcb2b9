#ifndef STORAGE_MACHINE_STORE_KEYS_H_
#define STORAGE_MACHINE_STORE_KEYS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

// The keys of the machine store (machine_store_format.md). Numbers are big-endian, so that byte order is their order.
namespace storage {

// Everything that starts with it is an event of the machine.
std::string EventPrefix(absl::string_view machine_id);
std::string EventKey(absl::string_view machine_id, uint64_t sequence);

std::string FeedKey(uint64_t sequence);
// The number that FeedKey made the key of; 0 for anything else.
uint64_t FeedSequence(absl::string_view key);

}  // namespace storage

#endif  // STORAGE_MACHINE_STORE_KEYS_H_
