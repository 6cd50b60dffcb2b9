#ifndef FLYD_IMAGES_IMAGE_STORE_H_
#define FLYD_IMAGES_IMAGE_STORE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "flyd/images/image_limits.h"
#include "flyd/images/image_defaults.h"

namespace flyd {

struct ImageStoreOptions {
  std::string directory;  // absolute; made if absent, 0700; this process alone uses it
  std::string init_path;  // the static binary //flyd/init:init, absolute
  ImageLimits limits;
  absl::Duration fetch_timeout = absl::Minutes(10);
  absl::Duration unpack_timeout = absl::Minutes(10);
};

// An image that is whole on this host.
struct StoredImage {
  std::string rootfs;  // its tree; nobody changes it
  ImageDefaults defaults;
};

// Images unpacked on this host, by the digest of their manifest (image_store_format.md). What stands under a digest is
// verified and whole: it is built elsewhere, synced, and renamed. Thread-safe.
class ImageStore {
 public:
  // Removes what a crash left half made. Unavailable: the directory cannot be made or read.
  static absl::StatusOr<std::unique_ptr<ImageStore>> Open(ImageStoreOptions options);

  // The image, after it was found, verified and unpacked if it is not there yet. `image` is the absolute path of an OCI
  // layout, with or without ":TAG", or a reference of a registry; `digest` decides. Blocks, for as long as fetching takes;
  // of several calls for one digest one works and the others wait for it.
  //   FailedPrecondition: it is absent, does not hash to its digest, is against the rules of layer_rules.h, or too large.
  //   Unavailable: the host, the registry or a tool could not.
  // Each message begins with `image DIGEST: `. Nothing of a refused image is left.
  absl::StatusOr<StoredImage> Prepare(const std::string& image, const std::string& digest);

  // Removes the images whose digest is not in `used` and that Prepare has not answered with since `before`. How many.
  // Unavailable: one could not be removed, or not wholly: it is gone from the store all the same.
  absl::StatusOr<int> RemoveUnused(const absl::flat_hash_set<std::string>& used, absl::Time before);

 private:
  explicit ImageStore(ImageStoreOptions options) : options_(std::move(options)) {}

  absl::StatusOr<StoredImage> Find(const std::string& digest) const;
  absl::StatusOr<StoredImage> Build(const std::string& image, const std::string& digest) const;
  absl::Status Keep(const std::string& built, const std::string& digest) const;
  std::string PlaceOf(const std::string& digest) const;

  const ImageStoreOptions options_;
  absl::Mutex mu_;
  absl::flat_hash_set<std::string> building_ ABSL_GUARDED_BY(mu_);  // digests
};

}  // namespace flyd

#endif  // FLYD_IMAGES_IMAGE_STORE_H_
