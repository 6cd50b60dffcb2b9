#ifndef FLYD_RUNTIME_BOOT_FOLDERS_H_
#define FLYD_RUNTIME_BOOT_FOLDERS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flyd/runtime/runtime.h"

namespace flyd {

// As Runtime::Boots, by the folders RUN_DIR/m/MACHINE/b/BOOT (boot_files.h). Unavailable: RUN_DIR/m cannot be read.
absl::StatusOr<std::vector<BootName>> ListBoots(const std::string& run_dir, absl::string_view machine_id);

}  // namespace flyd

#endif  // FLYD_RUNTIME_BOOT_FOLDERS_H_
