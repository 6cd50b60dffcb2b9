#ifndef FLYD_IMAGES_TAR_READER_H_
#define FLYD_IMAGES_TAR_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flyd/images/layer_stream.h"
#include "flyd/images/pax_records.h"
#include "flyd/images/tar_entry.h"
#include "flyd/images/tar_header.h"

namespace flyd {

// The longest extended header or long name.
inline constexpr size_t kMaxTarExtension = 1 << 20;

// Reads the entries of a layer's archive in order. Says nothing about what they may be: that is LayerRules. Not
// thread-safe.
class TarReader {
 public:
  // `stream` is not owned and outlives this.
  explicit TarReader(LayerStream& stream) : stream_(stream) {}

  // The next entry; what the one before left of its content is passed over. nullopt at the end, when the stream has been
  // read to its own. FailedPrecondition: not a tar archive, cut short, or an entry that is neither file, folder nor link
  // (a device, a pipe, a sparse file), named.
  absl::StatusOr<std::optional<TarEntry>> Next();

  // The next bytes of the entry's content, at most `room`; 0 at its end.
  absl::StatusOr<size_t> ReadContent(char* buffer, size_t room);

 private:
  absl::StatusOr<bool> ReadBlock(std::string& block);
  absl::StatusOr<std::string> ReadExtension(const TarHeader& header);
  absl::Status TakeExtension(const TarHeader& header);
  absl::Status Skip();
  absl::Status ReadToTheEnd();
  absl::StatusOr<TarEntry> ToEntry(TarHeader header);

  LayerStream& stream_;
  uint64_t content_left_ = 0;
  uint64_t padding_left_ = 0;
  // What extended headers said of the next entry.
  PaxRecords pax_;
  std::string long_name_;
  std::string long_link_;
};

}  // namespace flyd

#endif  // FLYD_IMAGES_TAR_READER_H_
