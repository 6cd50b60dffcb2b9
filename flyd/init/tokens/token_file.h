#ifndef FLYD_INIT_TOKENS_TOKEN_FILE_H_
#define FLYD_INIT_TOKENS_TOKEN_FILE_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace flyd {

// Replaces the file `name` in `directory` (an open descriptor) by exactly `content`: written to a temporary name, owned
// and synced before it is renamed, so that a reader finds the old whole or the new whole. Follows no link; whatever
// stood under either name is replaced. Unavailable: the file system refused; the old file is as it was.
absl::Status WriteTokenFile(int directory, const std::string& name, absl::string_view content, uid_t uid, gid_t gid,
                            mode_t mode);

}  // namespace flyd

#endif  // FLYD_INIT_TOKENS_TOKEN_FILE_H_
