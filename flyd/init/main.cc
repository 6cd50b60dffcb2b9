#include <stdint.h>
#include <stdio.h>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flyd/init/confine/confine.h"
#include "flyd/init/guest/guest.h"
#include "flyd/init/runner/runner.h"

// PID 1 of a machine that flyd runs is not a command: a runner forks it.
int main(int argc, char** argv) {
  const absl::Span<char* const> arguments(argv, static_cast<size_t>(argc));
  const absl::string_view mode = argc >= 3 ? argv[1] : "";
  uint32_t first_host_id = 0;
  if (mode == "runner" && argc == 3) return flyd::RunRunner(argv[2], arguments);
  if (mode == "probe" && argc == 3 && absl::SimpleAtoi(argv[2], &first_host_id)) {
    return flyd::RunProbe(first_host_id, arguments);
  }
  if (mode == "guest" && argc == 3) return flyd::RunGuest(argv[2]);
  if (mode == "confine") return flyd::RunConfined(arguments);
  fprintf(stderr,
          "usage: init runner BOOT_DIRECTORY\n       init probe FIRST_HOST_ID (0: rootless)\n"
          "       init guest unix:FOLDER|vsock:CID:PORT (as process 1 of a machine that is isolated already)\n"
          "       init confine DIRECTORY MAX_FILE_BYTES own-network|host-network PROGRAM [ARGUMENT...]\n");
  return 2;
}
