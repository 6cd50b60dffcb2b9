#ifndef FLYD_IMAGES_UNPACK_IMAGE_H_
#define FLYD_IMAGES_UNPACK_IMAGE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "flyd/images/image_limits.h"
#include "flyd/images/verified_image.h"

namespace flyd {

struct UnpackOptions {
  std::string init_path;
  ImageLimits limits;
  absl::Duration timeout;
};

// Unpacks the image into `directory`/rootfs, which is not there yet, with umoci. It reads a layout that is written here
// (in `directory`/layout, gone when this returns OK), layers in the form of RewriteLayer, and runs confined to
// `directory`. As root, files have the image's owners; else all are ours. Blocks.
//   FailedPrecondition: a layer is refused, `layer N: …`. Unavailable: the host could not, or umoci, with its last words.
//   What was written is of no use then.
absl::Status UnpackImage(const VerifiedImage& image, const std::string& directory, const UnpackOptions& options);
inline constexpr char kRootfs[] = "rootfs";

}  // namespace flyd

#endif  // FLYD_IMAGES_UNPACK_IMAGE_H_
