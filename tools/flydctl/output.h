#ifndef TOOLS_FLYDCTL_OUTPUT_H_
#define TOOLS_FLYDCTL_OUTPUT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace google::protobuf {
class Message;
}

namespace tools {

enum class Format { kTable, kWide, kJson };

// What a command ends with. `flydctl machine run` and `exec` end with the program's own code instead.
enum ExitCode : int {
  kExitOk = 0,
  kExitOther = 1,
  kExitUsage = 2,        // InvalidArgument, and flags that do not parse
  kExitNotFound = 3,     // NotFound
  kExitRefused = 4,      // PermissionDenied, Unauthenticated, FailedPrecondition, AlreadyExists, Aborted
  kExitUnavailable = 5,  // Unavailable, DeadlineExceeded, ResourceExhausted: try again
};
int ExitCodeOf(const absl::Status& status);

// `flydctl: MESSAGE` on stderr; the exit code.
int Fail(const absl::Status& status);

// One JSON object a message, field names as in the protocol, on stdout.
void PrintJson(const google::protobuf::Message& message);

// Columns padded to their widest cell. The first row is the heading.
void PrintTable(const std::vector<std::vector<std::string>>& rows);

// "2026-01-02T03:04:05Z"; "-" for 0.
std::string FormatUnixMillis(int64_t unix_ms);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_OUTPUT_H_
