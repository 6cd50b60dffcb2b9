#ifndef FLYD_INIT_MACHINE_CHANNEL_H_
#define FLYD_INIT_MACHINE_CHANNEL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace flyd {

// One message between a runner and the PID 1 that it made. Both are the same binary, so the form is not frozen.
struct ChannelMessage {
  enum class Kind {
    kImage,     // runner, before all others: the image's tree, as its one descriptor
    kReady,     // init: the machine is set up
    kFailed,    // init: it cannot be; `error`
    kGo,        // runner: it is recorded, ask for the boot
    kSignal,    // runner: `signal` for the workload
    kExec,      // runner: run `command` as number `id`; three descriptors go with it: stdin, stdout, stderr
    kKillExec,  // runner: end exec `id`
    kExecExit,  // init: exec `id` ended: `exit_code`, `signal`, or `error` if it never began
    kExit,      // init: the workload ended, same fields; PID 1 ends next
    kSuspend,   // runner: hold the workload
    kResume,    // runner: renew the tokens, let the workload go on
    kLetGo,     // runner: the suspension came to nothing, the workload goes on now and its tokens as they can
    kSettled,   // init: the order before was carried out, or `error`
  };
  Kind kind = Kind::kReady;
  uint64_t id = 0;
  int signal = 0;
  int exit_code = 0;
  std::string error;
  std::vector<std::string> command;
};

struct ReceivedMessage {
  ChannelMessage message;
  std::vector<int> descriptors;  // the receiver closes them
};

// Longest encoded message; a longer command is refused.
inline constexpr size_t kMaxChannelMessage = 64 * 1024;

// A SOCK_SEQPACKET pair, both ends close-on-exec: [0] for the runner, [1] for init.
absl::StatusOr<std::vector<int>> MakeChannel();

// Unavailable: the other end is gone. InvalidArgument: longer than kMaxChannelMessage.
absl::Status SendMessage(int channel, const ChannelMessage& message, absl::Span<const int> descriptors = {});

// Blocks for a message; nullopt when the other end is gone.
absl::StatusOr<std::optional<ReceivedMessage>> ReceiveMessage(int channel);

}  // namespace flyd

#endif  // FLYD_INIT_MACHINE_CHANNEL_H_
