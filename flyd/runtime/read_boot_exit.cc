#include "flyd/runtime/read_boot_exit.h"

#include <signal.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "flyd/files/durable_file.h"
#include "flyd/runtime/boot_files.h"

namespace flyd {

BootExit ReadBootExit(const std::string& directory, absl::Time noticed) {
  absl::StatusOr<std::string> text = ReadWholeFile(absl::StrCat(directory, "/", kExitFile));
  absl::StatusOr<BootExit> exit = text.ok() ? DecodeExit(*text) : text.status();
  if (exit.ok()) return *std::move(exit);
  return BootExit{.exit_code = 128 + SIGKILL,
                  .signal = SIGKILL,
                  .exited_at = noticed,
                  .error = "runner: gone without exit.json, want one"};
}

}  // namespace flyd
