#ifndef FLYD_IMAGES_CONFINED_COMMAND_H_
#define FLYD_IMAGES_CONFINED_COMMAND_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace flyd {

// A tool that works on bytes which nobody trusts, under `init confine`.
struct ConfinedCommand {
  std::string init_path;
  std::string directory;  // absolute; the only place that it can write to
  bool own_network = true;
  // No file of it grows longer, and all that is below `directory` not beyond the second: it is killed then.
  uint64_t max_file_bytes = 0;
  uint64_t max_directory_bytes = 0;
  absl::Duration timeout;
  std::vector<std::string> environment;  // NAME=VALUE
  std::vector<std::string> words;        // program, looked up in PATH, and arguments
};

// Its standard output, at most `max_output` bytes. Blocks. Unavailable, with the program's name and its last words: it
// could not be started, was killed, or ended with another code than 0.
absl::StatusOr<std::string> RunConfinedCommand(const ConfinedCommand& command, size_t max_output);

}  // namespace flyd

#endif  // FLYD_IMAGES_CONFINED_COMMAND_H_
