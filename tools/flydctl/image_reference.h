#ifndef TOOLS_FLYDCTL_IMAGE_REFERENCE_H_
#define TOOLS_FLYDCTL_IMAGE_REFERENCE_H_

#include <string>

#include "absl/status/statusor.h"

namespace tools {

struct ImageReference {
  std::string reference;
  std::string digest;  // "sha256:" and 64 hex digits
};

// `image`: "host"; the path of an OCI image layout, with ":TAG" where its index names several, which is made absolute; or,
// with `want_digest`, a registry's reference, which the worker fetches by that digest. The digest is that of the manifest;
// of "host", which has none, it is SHA-256 of the word.
//   InvalidArgument: the layout has no such manifest, or `want_digest` is not empty and not the one found.
//   NotFound: no such layout.
absl::StatusOr<ImageReference> ResolveImage(const std::string& image, const std::string& want_digest);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_IMAGE_REFERENCE_H_
