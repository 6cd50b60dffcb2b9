#ifndef FLYD_FILES_DURABLE_FILE_H_
#define FLYD_FILES_DURABLE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flyd {

// Replaces directory/name by `content` durably, mode 0600.
absl::Status WriteFileDurably(const std::string& directory, const std::string& name, absl::string_view content);

// NotFound: no such file. InvalidArgument: longer than 1 MiB.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

}  // namespace flyd

#endif  // FLYD_FILES_DURABLE_FILE_H_
