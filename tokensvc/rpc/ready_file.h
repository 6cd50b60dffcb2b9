#ifndef TOKENSVC_RPC_READY_FILE_H_
#define TOKENSVC_RPC_READY_FILE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tokensvc {

// Says that a daemon is ready and where: {"event":"ready","KEY":"VALUE",…} as one line on stdout, and, unless `path` is
// empty, in the file `path`, which appears whole (temporary file, rename). Ports chosen by the kernel are found so.
// Unavailable, naming the file.
absl::Status AnnounceReady(const std::string& path, const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace tokensvc

#endif  // TOKENSVC_RPC_READY_FILE_H_
