#ifndef STORAGE_UTF8_TEXT_H_
#define STORAGE_UTF8_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace storage {

// The text with '?' for each byte that is no part of a character (RFC 3629): protobuf writes such a string and then refuses
// to read it, and one event would make the feed behind it unreadable.
std::string Utf8Text(absl::string_view text);

// At most `bytes` of the text, cut between characters.
absl::string_view CutText(absl::string_view text, size_t bytes);

}  // namespace storage

#endif  // STORAGE_UTF8_TEXT_H_
