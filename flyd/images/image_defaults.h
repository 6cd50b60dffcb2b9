#ifndef FLYD_IMAGES_IMAGE_DEFAULTS_H_
#define FLYD_IMAGES_IMAGE_DEFAULTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flyd {

// What an image says of how it is run. Each holds where the machine's configuration says nothing; of the environment,
// each variable by itself.
struct ImageDefaults {
  std::vector<std::string> command;  // entrypoint and arguments
  std::map<std::string, std::string> environment;
  std::string user;
  std::string working_dir;
};

// One JSON object; the field names are frozen, for it is kept on disk.
std::string EncodeImageDefaults(const ImageDefaults& defaults);
// InvalidArgument names the field at fault. Fields that are absent are empty.
absl::StatusOr<ImageDefaults> DecodeImageDefaults(absl::string_view json);

}  // namespace flyd

#endif  // FLYD_IMAGES_IMAGE_DEFAULTS_H_
