#ifndef FLYD_IMAGES_TAR_WRITER_H_
#define FLYD_IMAGES_TAR_WRITER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flyd/images/sha256_stream.h"
#include "flyd/images/tar_entry.h"

namespace flyd {

// Writes an archive that has one reading only: ustar headers, a pax header before those that need it, nothing optional.
// Not thread-safe.
class TarWriter {
 public:
  // `fd` is not owned and outlives this.
  explicit TarWriter(int fd) : fd_(fd) {}

  // Begins an entry. A file's `size` bytes follow by WriteContent, before the next entry. Unavailable: not written.
  absl::Status Begin(const TarEntry& entry);
  absl::Status WriteContent(absl::string_view bytes);
  // Ends the archive.
  absl::Status Finish();

  // After Finish: its digest, once, and its size.
  std::string Digest() { return hash_.Digest(); }
  uint64_t size() const { return size_; }

 private:
  absl::Status Write(absl::string_view bytes);
  absl::Status Flush();
  absl::Status Pad();
  absl::Status WriteHeader(const TarEntry& entry, char type, uint64_t size);

  const int fd_;
  Sha256Stream hash_;
  std::string pending_;
  uint64_t size_ = 0;
};

}  // namespace flyd

#endif  // FLYD_IMAGES_TAR_WRITER_H_
