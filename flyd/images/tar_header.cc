#include "flyd/images/tar_header.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flyd {
namespace {

struct Field {
  const char* name;
  size_t offset;
  size_t size;
};
constexpr Field kName = {"name", 0, 100};
constexpr Field kMode = {"mode", 100, 8};
constexpr Field kUid = {"uid", 108, 8};
constexpr Field kGid = {"gid", 116, 8};
constexpr Field kSize = {"size", 124, 12};
constexpr Field kMtime = {"mtime", 136, 12};
constexpr Field kChecksum = {"checksum", 148, 8};
constexpr size_t kType = 156;
constexpr Field kLink = {"link", 157, 100};
constexpr Field kPrefix = {"prefix", 345, 155};
// GNU's magic has a blank instead of the NUL, and uses the prefix's place for something else.
constexpr absl::string_view kUstar("ustar\0", 6);
constexpr size_t kMagic = 257;

absl::string_view BytesOf(absl::string_view block, const Field& field) {
  return block.substr(field.offset, field.size);
}

std::string TextOf(absl::string_view block, const Field& field) {
  const absl::string_view bytes = BytesOf(block, field);
  return std::string(bytes.substr(0, bytes.find('\0')));
}

// GNU's form for what octal digits cannot hold: the first bit set, the rest a big-endian number.
std::optional<uint64_t> BinaryNumber(absl::string_view bytes) {
  uint64_t number = static_cast<uint8_t>(bytes[0]) & 0x7f;
  for (const char byte : bytes.substr(1)) {
    if (number > std::numeric_limits<uint64_t>::max() >> 8) return std::nullopt;
    number = number << 8 | static_cast<uint8_t>(byte);
  }
  return number;
}

// Octal digits between blanks, ended by a blank or NUL; none is 0.
std::optional<uint64_t> OctalNumber(absl::string_view bytes) {
  const size_t begin = bytes.find_first_not_of(' ');
  if (begin == absl::string_view::npos) return 0;
  bytes = bytes.substr(begin);
  bytes = bytes.substr(0, bytes.find_first_of(absl::string_view(" \0", 2)));
  uint64_t number = 0;
  for (const char digit : bytes) {
    if (digit < '0' || digit > '7') return std::nullopt;
    number = number << 3 | static_cast<uint64_t>(digit - '0');
  }
  return number;
}

std::optional<uint64_t> NumberOf(absl::string_view block, const Field& field) {
  const absl::string_view bytes = BytesOf(block, field);
  return (bytes[0] & 0x80) != 0 ? BinaryNumber(bytes) : OctalNumber(bytes);
}

bool ChecksumHolds(absl::string_view block) {
  uint64_t sum = 0;
  for (size_t i = 0; i < block.size(); ++i) {
    const bool own = i >= kChecksum.offset && i < kChecksum.offset + kChecksum.size;
    sum += own ? ' ' : static_cast<uint8_t>(block[i]);
  }
  return OctalNumber(BytesOf(block, kChecksum)) == sum;
}

}  // namespace

absl::StatusOr<TarHeader> ParseTarHeader(absl::string_view block) {
  if (!ChecksumHolds(block)) {
    return absl::FailedPreconditionError("tar: a header whose checksum is wrong, want an archive");
  }
  TarHeader header = {.type = block[kType], .name = TextOf(block, kName), .link = TextOf(block, kLink)};
  uint64_t mode = 0;
  const struct {
    Field field;
    uint64_t& number;
  } numbers[] = {{kMode, mode}, {kUid, header.uid}, {kGid, header.gid}, {kSize, header.size}};
  for (const auto& [field, number] : numbers) {
    const std::optional<uint64_t> read = NumberOf(block, field);
    if (!read) {
      return absl::FailedPreconditionError(absl::StrCat("tar: a ", field.name, " that is no number, want one"));
    }
    number = *read;
  }
  header.mode = static_cast<uint32_t>(mode & 07777);
  header.mtime = NumberOf(block, kMtime).value_or(0);
  if (block.substr(kMagic, kUstar.size()) == kUstar) {
    const std::string prefix = TextOf(block, kPrefix);
    if (!prefix.empty()) header.name = absl::StrCat(prefix, "/", header.name);
  }
  return header;
}

}  // namespace flyd
