#ifndef FLYD_IMAGES_LAYER_STREAM_H_
#define FLYD_IMAGES_LAYER_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "flyd/images/oci_manifest.h"

namespace flyd {

// Reads a layer's blob and gives its tar archive: decompresses, counts, and hashes both sides. Not thread-safe.
class LayerStream {
 public:
  // Reads `blob_fd` from where it stands; it is not owned and outlives this. At most `max_bytes` come out.
  LayerStream(int blob_fd, LayerCompression compression, uint64_t max_bytes);
  ~LayerStream();
  LayerStream(const LayerStream&) = delete;
  LayerStream& operator=(const LayerStream&) = delete;

  // The next bytes, up to `room` of them; 0 at the end. FailedPrecondition: not gzip, cut short, or more than
  // `max_bytes`. Unavailable: the blob cannot be read.
  absl::StatusOr<size_t> Read(char* buffer, size_t room);

  // Bytes given so far.
  uint64_t unpacked_bytes() const;

  // After Read has answered 0, once each: digest of the blob, and of what came out.
  std::string BlobDigest();
  std::string UnpackedDigest();

 private:
  struct State;
  absl::StatusOr<size_t> Fill();
  absl::StatusOr<size_t> Copy(char* buffer, size_t room);
  absl::StatusOr<size_t> Inflate(char* buffer, size_t room);
  absl::StatusOr<bool> BeginMember();

  std::unique_ptr<State> state_;
};

}  // namespace flyd

#endif  // FLYD_IMAGES_LAYER_STREAM_H_
