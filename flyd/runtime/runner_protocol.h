#ifndef FLYD_RUNTIME_RUNNER_PROTOCOL_H_
#define FLYD_RUNTIME_RUNNER_PROTOCOL_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flyd/runtime/boot_control.h"

// What flyd says to a runner on control.sock: one JSON line, answered by one JSON line, then the runner closes. Field
// names are frozen: runners outlive the flyd that started them.
//   {"op":"signal","signal":15}                                            {"code":0}
//   {"op":"suspend"}, {"op":"resume"}                                      {"code":0}
//   {"op":"exec","command":["id"],"stdin":"BASE64","timeout_ms":60000}     {"code":0,"exit_code":0,"signal":0,
//                                                                           "stdout":"BASE64","stderr":"BASE64",
//                                                                           "truncated":false}
// suspend answers when no process of the workload runs any more; the machine may be frozen then. resume, of a machine that
// is thawed, answers when its tokens are renewed and the workload goes on: after 10 s at most. Both may be repeated.
// A refusal is {"code":N,"error":"subject: found, want"}; N is that of absl::StatusCode.
namespace flyd {

// Longest line either way. Of each output stream of an exec kMaxExecOutput bytes are kept, the rest is dropped.
inline constexpr size_t kMaxControlLine = 4 << 20;
inline constexpr size_t kMaxExecOutput = 1 << 20;
inline constexpr size_t kMaxExecInput = 1 << 20;

struct ControlRequest {
  enum class Op { kSignal, kExec, kSuspend, kResume };
  Op op = Op::kSignal;
  int signal = 0;
  ExecRequest exec;
};

std::string EncodeControlRequest(const ControlRequest& request);
// InvalidArgument names the field at fault.
absl::StatusOr<ControlRequest> DecodeControlRequest(absl::string_view line);

std::string EncodeControlReply(const absl::StatusOr<ExecResult>& result);
// The reply's result or the status that it carries. Internal: it is not a reply.
absl::StatusOr<ExecResult> DecodeControlReply(absl::string_view line);

}  // namespace flyd

#endif  // FLYD_RUNTIME_RUNNER_PROTOCOL_H_
