#ifndef TOOLS_FLYDCTL_SESSION_H_
#define TOOLS_FLYDCTL_SESSION_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/flydctl/connections.h"
#include "tools/flydctl/output.h"

namespace CLI {
class App;
}

namespace tools {

// What one invocation of flydctl holds: its connections, its output format, and the command that the arguments chose.
struct Session {
  Connections connections;
  Format format = Format::kTable;
  // Set by the chosen subcommand's callback; its value is the exit code.
  std::function<int()> command;
};

// "acme/web" -> ("acme", "web"). InvalidArgument otherwise.
absl::StatusOr<std::pair<std::string, std::string>> SplitApp(absl::string_view text);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_SESSION_H_
