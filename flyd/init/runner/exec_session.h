#ifndef FLYD_INIT_RUNNER_EXEC_SESSION_H_
#define FLYD_INIT_RUNNER_EXEC_SESSION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/steady_timer.hpp"
#include "flyd/init/machine/channel.h"
#include "flyd/runtime/boot_control.h"

namespace flyd {

// One exec, as the runner drives it: three pipes whose other ends PID 1 gets, and PID 1's word on how it ended. Lives in
// a single-threaded executor and in a shared_ptr, since a reader may outlast the exec that was given up.
class ExecSession : public std::enable_shared_from_this<ExecSession> {
 public:
  ExecSession(boost::asio::any_io_executor executor, uint64_t id, int channel);

  // Runs it to its end. DeadlineExceeded: killed after request.timeout. Otherwise what PID 1 says it could not.
  boost::asio::awaitable<absl::StatusOr<ExecResult>> Run(ExecRequest request);

  // Nobody waits for it any more: it is killed, and Run answers Cancelled.
  void GiveUp();

  // PID 1's kExecExit for this id; or the machine's end, as a status.
  void Ended(const ChannelMessage& end);
  void Abort(absl::Status why);

 private:
  boost::asio::awaitable<void> Feed(int fd, std::string input);
  boost::asio::awaitable<void> Collect(int fd, std::string* output);
  absl::Status Launch(const ExecRequest& request);

  const boost::asio::any_io_executor executor_;
  const uint64_t id_;
  const int channel_;
  boost::asio::steady_timer changed_;
  std::optional<absl::Status> end_;
  int open_outputs_ = 0;
  ExecResult result_;
};

}  // namespace flyd

#endif  // FLYD_INIT_RUNNER_EXEC_SESSION_H_
