#include "flyd/init/runner/exec_session.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/buffer.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/posix/stream_descriptor.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "boost/asio/write.hpp"
#include "flyd/runtime/runner_protocol.h"

namespace flyd {
namespace {

namespace asio = boost::asio;
using Kind = ChannelMessage::Kind;
using Clock = std::chrono::steady_clock;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
// How long output is still read when the program has ended: something that it left behind may hold the pipe.
constexpr std::chrono::milliseconds kLinger(500);

}  // namespace

ExecSession::ExecSession(asio::any_io_executor executor, uint64_t id, int channel)
    : executor_(std::move(executor)), id_(id), channel_(channel), changed_(executor_) {}

absl::Status ExecSession::Launch(const ExecRequest& request) {
  std::array<int, 6> ends;  // input, output, error; read end first
  ends.fill(-1);
  bool opened = true;
  for (size_t i = 0; i < ends.size(); i += 2) opened = opened && pipe2(&ends[i], O_CLOEXEC) == 0;
  absl::Status sent = absl::UnavailableError(absl::StrCat("pipe: ", strerror(errno)));
  if (opened) {
    const std::array<int, 3> theirs = {ends[0], ends[3], ends[5]};
    sent = SendMessage(channel_, {.kind = Kind::kExec, .id = id_, .command = request.command}, theirs);
  }
  for (const int theirs : {ends[0], ends[3], ends[5]}) {
    if (theirs >= 0) close(theirs);
  }
  if (!sent.ok()) {
    for (const int ours : {ends[1], ends[2], ends[4]}) {
      if (ours >= 0) close(ours);
    }
    return sent;
  }
  open_outputs_ = 2;
  const std::shared_ptr<ExecSession> self = shared_from_this();
  const auto keep = [self](std::exception_ptr) {};
  asio::co_spawn(executor_, Feed(ends[1], request.stdin_bytes), keep);
  asio::co_spawn(executor_, Collect(ends[2], &result_.stdout_bytes), keep);
  asio::co_spawn(executor_, Collect(ends[4], &result_.stderr_bytes), keep);
  return absl::OkStatus();
}

asio::awaitable<void> ExecSession::Feed(int fd, std::string input) {
  asio::posix::stream_descriptor pipe(executor_, fd);
  co_await asio::async_write(pipe, asio::buffer(input), kToken);  // a reader that went away is its own affair
}

asio::awaitable<void> ExecSession::Collect(int fd, std::string* output) {
  asio::posix::stream_descriptor pipe(executor_, fd);
  std::array<char, 16 * 1024> chunk;
  for (;;) {
    const auto [error, got] = co_await pipe.async_read_some(asio::buffer(chunk), kToken);
    if (error) break;
    const size_t room = kMaxExecOutput - output->size();
    output->append(chunk.data(), std::min(room, got));
    if (got > room) result_.truncated = true;
  }
  --open_outputs_;
  changed_.cancel();
}

asio::awaitable<absl::StatusOr<ExecResult>> ExecSession::Run(ExecRequest request) {
  const std::shared_ptr<ExecSession> self = shared_from_this();
  if (absl::Status launched = Launch(request); !launched.ok()) co_return launched;
  Clock::time_point until = Clock::now() + absl::ToChronoMilliseconds(request.timeout);
  while (!end_.has_value() && Clock::now() < until) {
    changed_.expires_at(until);
    co_await changed_.async_wait(kToken);
  }
  if (!end_.has_value()) {
    (void)SendMessage(channel_, {.kind = Kind::kKillExec, .id = id_});
    co_return absl::DeadlineExceededError(
        absl::StrCat("exec: ran for ", absl::FormatDuration(request.timeout), ", want it done by then"));
  }
  if (!end_->ok()) co_return *end_;
  until = Clock::now() + kLinger;
  while (open_outputs_ > 0 && Clock::now() < until) {
    changed_.expires_at(until);
    co_await changed_.async_wait(kToken);
  }
  co_return result_;
}

void ExecSession::GiveUp() {
  if (end_.has_value()) return;
  (void)SendMessage(channel_, {.kind = Kind::kKillExec, .id = id_});
  Abort(absl::CancelledError("exec: given up"));
}

void ExecSession::Ended(const ChannelMessage& end) {
  result_.exit_code = end.exit_code;
  result_.signal = end.signal;
  end_ = end.error.empty() ? absl::OkStatus() : absl::FailedPreconditionError(end.error);
  changed_.cancel();
}

void ExecSession::Abort(absl::Status why) {
  if (!end_.has_value()) end_ = std::move(why);
  changed_.cancel();
}

}  // namespace flyd
