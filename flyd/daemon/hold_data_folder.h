#ifndef FLYD_DAEMON_HOLD_DATA_FOLDER_H_
#define FLYD_DAEMON_HOLD_DATA_FOLDER_H_

#include <string>

#include "absl/status/statusor.h"
#include "flyd/files/open_file.h"

namespace flyd {

// Locks DATA_DIR/lock while the answer is open. Two flyds of one folder would take each other's sockets away, and where the
// store is only read nothing of it says that it is in use. Unavailable: another process has it.
absl::StatusOr<OpenFile> HoldDataFolder(const std::string& data_dir);

}  // namespace flyd

#endif  // FLYD_DAEMON_HOLD_DATA_FOLDER_H_
