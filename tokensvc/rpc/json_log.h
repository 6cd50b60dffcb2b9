#ifndef TOKENSVC_RPC_JSON_LOG_H_
#define TOKENSVC_RPC_JSON_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "tokensvc/clock.h"

namespace tokensvc {

struct LogField {
  absl::string_view key;
  std::variant<absl::string_view, int64_t, bool> value;
};

// One JSON object a line, one line a decision: {"time":RFC 3339,"event":…, fields…}. Values never hold a token, a
// Macaroon or a key. Bytes that are not UTF-8 are written as U+FFFD. Thread-safe.
//
//   log.Write("fence.appended", {{"machine", id}, {"number", int64_t{7}}});
class JsonLog {
 public:
  // Writes to `fd`, which is not owned: 2 for a daemon.
  JsonLog(const Clock& clock, int fd) : clock_(clock), fd_(fd) {}

  // A line that cannot be written is lost: the log must not stop what it reports.
  void Write(absl::string_view event, std::initializer_list<LogField> fields) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  const Clock& clock_;
  const int fd_;
  absl::Mutex mu_;  // keeps lines whole
};

}  // namespace tokensvc

#endif  // TOKENSVC_RPC_JSON_LOG_H_
