#ifndef FLYD_IMAGES_OCI_CONFIG_H_
#define FLYD_IMAGES_OCI_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flyd/images/image_defaults.h"

namespace flyd {

// The parts of an OCI image configuration that a machine needs.
struct OciConfig {
  ImageDefaults defaults;
  std::vector<std::string> diff_ids;  // digest of each layer, decompressed; lowest first
};

// Bounds of what an image may ask for: those of a machine's own configuration.
inline constexpr size_t kMaxImageWords = 256;
inline constexpr size_t kMaxImageWordBytes = 64 * 1024;

// FailedPrecondition names the field at fault: another platform than this host's, a number of diff_ids other than
// `layers`, a variable that is not NAME=VALUE, a working directory that is not absolute, or more than the bounds.
absl::StatusOr<OciConfig> ParseOciConfig(absl::string_view json, size_t layers);

}  // namespace flyd

#endif  // FLYD_IMAGES_OCI_CONFIG_H_
