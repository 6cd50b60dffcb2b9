#ifndef FLYD_IMAGES_VERIFIED_IMAGE_H_
#define FLYD_IMAGES_VERIFIED_IMAGE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flyd/images/image_limits.h"
#include "flyd/images/oci_config.h"
#include "flyd/images/oci_manifest.h"
#include "flyd/files/open_file.h"

namespace flyd {

// Proof that an image is the one that a digest names: its manifest hashes to the digest, its configuration and each
// layer to what the manifest says, and each has the size that it says. Only Verify makes one.
class VerifiedImage {
 public:
  // Reads the OCI image layout in the folder `layout`, of which only blobs/ is looked at: the digest says which manifest.
  //   FailedPrecondition: a blob is absent or another (`manifest`, `config`, `layer N`, found and wanted), or what
  //     ParseOciManifest and ParseOciConfig refuse.
  //   Unavailable: the layout cannot be read.
  static absl::StatusOr<VerifiedImage> Verify(const std::string& layout, const std::string& digest,
                                              const ImageLimits& limits);

  const OciManifest& manifest() const { return manifest_; }
  const OciConfig& config() const { return config_; }
  // The blob of layer `index`, open at its beginning. Who reads it hashes it again: its file may change.
  int layer_fd(size_t index) const { return layers_[index].get(); }

 private:
  VerifiedImage(OciManifest manifest, OciConfig config, std::vector<OpenFile> layers)
      : manifest_(std::move(manifest)), config_(std::move(config)), layers_(std::move(layers)) {}

  OciManifest manifest_;
  OciConfig config_;
  std::vector<OpenFile> layers_;
};

// The manifest's bytes if they hash to `digest` and parse; for a registry's answer, before more is fetched.
absl::StatusOr<OciManifest> VerifyManifest(absl::string_view bytes, const std::string& digest,
                                           const ImageLimits& limits);

}  // namespace flyd

#endif  // FLYD_IMAGES_VERIFIED_IMAGE_H_
