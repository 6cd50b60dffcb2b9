#ifndef FLYD_IMAGES_TAR_HEADER_H_
#define FLYD_IMAGES_TAR_HEADER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flyd {

inline constexpr size_t kTarBlock = 512;

// One header block of a tar archive (POSIX.1-2001 "ustar Interchange Format"; GNU's variant; the older one without
// magic). What an extended header before it may override is still as the block says.
struct TarHeader {
  char type = '0';
  std::string name;
  std::string link;
  uint32_t mode = 0;
  uint64_t uid = 0;
  uint64_t gid = 0;
  uint64_t size = 0;
  uint64_t mtime = 0;  // 0 where the block has none that can be read
};

// `block` is kTarBlock bytes. FailedPrecondition: the checksum is wrong, or a number is neither octal nor GNU's binary.
absl::StatusOr<TarHeader> ParseTarHeader(absl::string_view block);

}  // namespace flyd

#endif  // FLYD_IMAGES_TAR_HEADER_H_
