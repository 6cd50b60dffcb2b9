#ifndef FLYD_IMAGES_IMAGE_LIMITS_H_
#define FLYD_IMAGES_IMAGE_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace flyd {

// What one image may cost this host. Whatever is beyond is refused before it is read or written.
struct ImageLimits {
  // Registries refuse longer manifests; a configuration is of the same kind.
  size_t manifest_bytes = 4 << 20;
  size_t config_bytes = 4 << 20;
  // As many as an overlay of other engines can hold.
  size_t layers = 127;
  // All layers together, as they lie in the layout.
  uint64_t blob_bytes = uint64_t{8} << 30;
  // All layers together, decompressed: contents, headers and padding.
  uint64_t unpacked_bytes = uint64_t{8} << 30;
  // Files, folders and links, those included that only a longer path implies.
  size_t entries = 500'000;
  // Names and targets of symbolic links, which are held in memory while layers are read.
  size_t link_bytes = 64 << 20;
};

// Ids that a machine's user namespace has.
inline constexpr uint32_t kMaxImageId = 65535;
inline constexpr size_t kMaxImagePath = 4096;
inline constexpr size_t kMaxImageName = 255;
// Folders in each other, after every link is followed. Whoever walks a tree holds one descriptor for each.
inline constexpr size_t kMaxImageDepth = 128;

}  // namespace flyd

#endif  // FLYD_IMAGES_IMAGE_LIMITS_H_
