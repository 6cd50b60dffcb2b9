#ifndef FLYD_INIT_TOKENS_TOKEN_FILE_H_
#define FLYD_INIT_TOKENS_TOKEN_FILE_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace flyd {

struct FileAccess {
  uid_t uid = 0;
  gid_t gid = 0;
  mode_t mode = 0600;
};

// Takes back what others may have been given to `directory` (an open descriptor): it belongs to root, and nobody else
// writes in it. Bits that were taken away stay away. Unavailable: the file system refused.
absl::Status SecureDirectory(int directory);

// Replaces the file `name` in `directory` by exactly `content`: written to a temporary name, synced, given its owner and
// mode before it is renamed, so that a reader finds the old whole or the new whole, and never under a wider mode. Follows
// no link: whatever stood under the name, a directory too, is moved out of the way and removed if it can be.
//
// Unavailable: the file system refused; the old file is as it was. Aborted: somebody who may write in the directory put
// another file in place of the new one.
absl::Status ReplaceFile(int directory, const std::string& name, absl::string_view content, const FileAccess& access);

}  // namespace flyd

#endif  // FLYD_INIT_TOKENS_TOKEN_FILE_H_
