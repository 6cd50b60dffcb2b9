#ifndef FLYD_IMAGES_OCI_MANIFEST_H_
#define FLYD_IMAGES_OCI_MANIFEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flyd/images/image_limits.h"

namespace flyd {

// A blob as the manifest names it (OCI image specification 1.0, "Content Descriptors").
struct BlobDescriptor {
  std::string digest;  // "sha256:" and 64 hex digits
  uint64_t size = 0;
};

enum class LayerCompression { kNone, kGzip };

struct LayerDescriptor {
  BlobDescriptor blob;
  LayerCompression compression = LayerCompression::kNone;
};

// The parts of an OCI image manifest that a machine needs.
struct OciManifest {
  BlobDescriptor config;
  std::vector<LayerDescriptor> layers;  // lowest first, at least one
};

// FailedPrecondition names the field at fault: another media type than that of an OCI image manifest (an index, Docker's
// own, a layer that is not tar or gzip), a digest that is not SHA-256, or more of anything than `limits` has.
absl::StatusOr<OciManifest> ParseOciManifest(absl::string_view json, const ImageLimits& limits);

}  // namespace flyd

#endif  // FLYD_IMAGES_OCI_MANIFEST_H_
