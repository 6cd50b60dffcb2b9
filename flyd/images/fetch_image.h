#ifndef FLYD_IMAGES_FETCH_IMAGE_H_
#define FLYD_IMAGES_FETCH_IMAGE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flyd/images/image_limits.h"

namespace flyd {

// "registry.example/team/web:1.2@sha256:…" as skopeo takes it with a digest: without tag, the digest `digest`.
// FailedPrecondition: it is no reference of a registry, or names another digest.
absl::StatusOr<std::string> RegistryReference(absl::string_view image, const std::string& digest);

struct FetchOptions {
  std::string init_path;
  ImageLimits limits;
  absl::Duration timeout;
};

// Copies the image from its registry into an OCI layout `directory`/fetched, with skopeo, which finds registries, proxies,
// certificates and logins in its own files and in this process's environment. First the manifest alone: it is verified,
// and what it says bounds the rest. What was fetched is for VerifiedImage to check. Blocks.
//   FailedPrecondition: as RegistryReference and VerifyManifest. Unavailable: skopeo could not, with its last words.
absl::Status FetchImage(absl::string_view image, const std::string& digest, const std::string& directory,
                        const FetchOptions& options);
inline constexpr char kFetchedLayout[] = "fetched";

}  // namespace flyd

#endif  // FLYD_IMAGES_FETCH_IMAGE_H_
