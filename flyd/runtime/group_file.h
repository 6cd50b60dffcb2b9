#ifndef FLYD_RUNTIME_GROUP_FILE_H_
#define FLYD_RUNTIME_GROUP_FILE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

// The files by which a control group (cgroup v2) is ruled.
namespace flyd {

// Makes the folder of a group. OK: it is there already. Unavailable.
absl::Status MakeGroup(const std::string& path);

// Unavailable, naming the file and what the kernel said.
absl::Status WriteGroupFile(const std::string& path, absl::string_view value);

// The number behind `name` in the text of a file of lines `name number`; nullopt where it is not there.
std::optional<uint64_t> GroupNumber(absl::string_view text, absl::string_view name);

}  // namespace flyd

#endif  // FLYD_RUNTIME_GROUP_FILE_H_
