#include "flyd/init/runner/machine_follower.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/bind_cancellation_slot.hpp"
#include "boost/asio/buffer.hpp"
#include "boost/asio/cancellation_signal.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/local/stream_protocol.hpp"
#include "boost/asio/posix/stream_descriptor.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/read_until.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "boost/asio/write.hpp"
#include "flyd/init/machine/channel.h"
#include "flyd/init/runner/exec_session.h"
#include "flyd/init/runner/rotated_log.h"
#include "flyd/runtime/boot_files.h"
#include "flyd/runtime/machine_group.h"
#include "flyd/runtime/runner_protocol.h"

namespace flyd {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;
using Kind = ChannelMessage::Kind;
using Local = asio::local::stream_protocol;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
// All writers of the output are dead by then; this only bounds a surprise.
constexpr std::chrono::seconds kOutputPatience(2);
// More than PID 1 waits for tokens in a resume.
constexpr std::chrono::seconds kSettlePatience(20);
constexpr std::chrono::milliseconds kAcceptPause(100);

absl::Time WallTime() {
  timespec now = {};
  clock_gettime(CLOCK_REALTIME, &now);
  return absl::TimeFromTimespec(now);
}

}  // namespace

class MachineFollower::Loop {
 public:
  explicit Loop(const StartedMachine& machine)
      : channel_(io_, machine.channel),
        init_(io_, machine.pidfd),
        output_(io_, machine.stdout_fd),
        error_(io_, machine.stderr_fd),
        group_(machine.group) {}

  absl::Status Listen() {
    unlink(kControlSocket);
    boost::system::error_code error;
    control_.open(Local(), error);
    const mode_t before = umask(0177);
    if (!error) control_.bind(Local::endpoint(kControlSocket), error);
    umask(before);
    if (!error) control_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return absl::UnavailableError(absl::StrCat(kControlSocket, ": ", error.message()));
    return absl::OkStatus();
  }

  BootExit Run() {
    asio::co_spawn(io_, Pump(output_, "stdout.log"), asio::detached);
    asio::co_spawn(io_, Pump(error_, "stderr.log"), asio::detached);
    asio::co_spawn(io_, ReadChannel(), asio::detached);
    asio::co_spawn(io_, AwaitEnd(), asio::detached);
    asio::co_spawn(io_, Accept(), asio::detached);
    (void)SendMessage(channel_.native_handle(), {.kind = Kind::kGo});  // if PID 1 is dead, AwaitEnd sees it
    io_.run();
    return exit_;
  }

 private:
  asio::awaitable<void> Pump(Descriptor& pipe, std::string path) {
    RotatedLog log(std::move(path));
    std::array<char, 32 * 1024> chunk;
    for (;;) {
      const auto [error, got] = co_await pipe.async_read_some(asio::buffer(chunk), kToken);
      if (error) break;
      log.Append(absl::string_view(chunk.data(), got));
    }
    --open_outputs_;
    outputs_changed_.cancel();
  }

  asio::awaitable<void> ReadChannel() {
    for (;;) {
      co_await channel_.async_wait(Descriptor::wait_read, kToken);
      if (!ReadOne()) co_return;
    }
  }

  // False when PID 1 has closed its end.
  bool ReadOne() {
    absl::StatusOr<std::optional<ReceivedMessage>> received = ReceiveMessage(channel_.native_handle());
    if (!received.ok() || !received->has_value()) return false;
    const ChannelMessage& message = (*received)->message;
    if (message.kind == Kind::kExit) said_ = message;
    if (message.kind == Kind::kSettled) {
      settled_ = message;
      settled_changed_.cancel();
    }
    if (message.kind == Kind::kExecExit) {
      const auto session = execs_.find(message.id);
      if (session != execs_.end()) session->second->Ended(message);
    }
    return true;
  }

  asio::awaitable<void> AwaitEnd() {
    co_await init_.async_wait(Descriptor::wait_read, kToken);
    siginfo_t info = {};
    waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(init_.native_handle()), &info, WEXITED);
    pollfd unread = {channel_.native_handle(), POLLIN, 0};
    while (poll(&unread, 1, 0) == 1 && ReadOne()) {
    }
    exit_ = ToExit(info);
    for (const auto& [id, session] : execs_) session->Abort(absl::FailedPreconditionError("machine: ended"));
    ended_ = true;
    settled_changed_.cancel();
    const auto until = std::chrono::steady_clock::now() + kOutputPatience;
    while (open_outputs_ + open_sessions_ > 0 && std::chrono::steady_clock::now() < until) {
      outputs_changed_.expires_at(until);
      co_await outputs_changed_.async_wait(kToken);
    }
    io_.stop();
  }

  // PID 1's own word; without it (it was killed, and the machine with it) the kernel's.
  BootExit ToExit(const siginfo_t& info) const {
    BootExit exit = {.exited_at = WallTime()};
    if (said_.has_value()) {
      exit.exit_code = said_->exit_code;
      exit.signal = said_->signal;
      exit.error = said_->error;
    } else if (info.si_code == CLD_EXITED) {
      exit.exit_code = info.si_status;
      exit.error = absl::StrCat("init: exit ", info.si_status, " without a word, want one");
    } else {
      exit.exit_code = 128 + info.si_status;
      exit.signal = info.si_status;
    }
    exit.oom_killed = exit.signal == SIGKILL && !kill_ordered_ && group_ != nullptr && group_->WasOutOfMemory();
    return exit;
  }

  asio::awaitable<void> Accept() {
    for (;;) {
      auto [error, socket] = co_await control_.async_accept(kToken);
      if (error == asio::error::operation_aborted) co_return;
      if (error) {
        // Out of descriptors, which execs give back: flyd is heard again then.
        asio::steady_timer pause(io_, kAcceptPause);
        co_await pause.async_wait(kToken);
        continue;
      }
      asio::co_spawn(io_, Serve(std::move(socket)), asio::detached);
    }
  }

  asio::awaitable<void> Serve(Local::socket socket) {
    ++open_sessions_;
    std::string line;
    const auto [error, got] =
        co_await asio::async_read_until(socket, asio::dynamic_buffer(line, kMaxControlLine), '\n', kToken);
    if (!error) {
      line.resize(got - 1);
      const absl::StatusOr<ExecResult> result = co_await Obey(line, socket);
      const std::string reply = EncodeControlReply(result);
      co_await asio::async_write(socket, asio::buffer(reply), kToken);
    }
    --open_sessions_;
    outputs_changed_.cancel();
  }

  // A caller that closes has given its exec up.
  static asio::awaitable<void> AwaitClose(Local::socket& socket, std::shared_ptr<ExecSession> session) {
    char more = 0;
    const auto [error, got] = co_await socket.async_read_some(asio::buffer(&more, 1), kToken);
    if (error != asio::error::operation_aborted) session->GiveUp();
  }

  asio::awaitable<absl::StatusOr<ExecResult>> Obey(const std::string& line, Local::socket& socket) {
    absl::StatusOr<ControlRequest> request = DecodeControlRequest(line);
    if (!request.ok()) co_return request.status();
    if (request->op == ControlRequest::Op::kSignal) co_return SendSignal(request->signal);
    if (request->op == ControlRequest::Op::kSuspend) co_return co_await Suspend();
    if (request->op == ControlRequest::Op::kResume) co_return co_await Resume();
    const uint64_t id = ++last_exec_;
    const auto session = std::make_shared<ExecSession>(io_.get_executor(), id, channel_.native_handle());
    execs_[id] = session;
    asio::cancellation_signal answered;
    bool watching = true;
    asio::co_spawn(io_, AwaitClose(socket, session),
                   asio::bind_cancellation_slot(answered.slot(), [&watching](std::exception_ptr) { watching = false; }));
    absl::StatusOr<ExecResult> result = co_await session->Run(std::move(request->exec));
    execs_.erase(id);
    answered.emit(asio::cancellation_type::all);
    while (watching) co_await asio::post(io_, asio::use_awaitable);  // it uses the socket
    co_return result;
  }

  asio::awaitable<absl::StatusOr<ExecResult>> Suspend() {
    absl::StatusOr<ExecResult> held = co_await Settle(Kind::kSuspend);
    if (!held.ok() || group_ == nullptr) co_return held;
    const absl::Status frozen = group_->Freeze();
    if (frozen.ok()) co_return held;
    (void)co_await Settle(Kind::kLetGo);  // what is told is why it could not be frozen
    co_return frozen;
  }

  asio::awaitable<absl::StatusOr<ExecResult>> Resume() {
    absl::StatusOr<ExecResult> released = co_await Settle(Kind::kResume);
    if (!released.ok() || group_ == nullptr) co_return released;
    const absl::Status thawed = group_->Thaw();
    if (!thawed.ok()) co_return thawed;
    co_return released;
  }

  // PID 1 says when it has carried the order out.
  asio::awaitable<absl::StatusOr<ExecResult>> Settle(Kind order) {
    if (settling_) co_return absl::FailedPreconditionError("machine: being suspended or resumed, want one at a time");
    settling_ = true;
    const absl::Cleanup settled = [this] { settling_ = false; };
    settled_.reset();
    absl::Status sent = SendMessage(channel_.native_handle(), {.kind = order});
    if (!sent.ok()) co_return sent;
    settled_changed_.expires_after(kSettlePatience);
    while (!settled_.has_value() && !ended_ && settled_changed_.expiry() > std::chrono::steady_clock::now()) {
      co_await settled_changed_.async_wait(kToken);
    }
    if (ended_) co_return absl::FailedPreconditionError("machine: ended");
    if (!settled_.has_value()) co_return absl::DeadlineExceededError("machine: no word from PID 1, want it to run");
    if (!settled_->error.empty()) co_return absl::FailedPreconditionError(settled_->error);
    co_return ExecResult{};
  }

  absl::StatusOr<ExecResult> SendSignal(int signal) {
    if (signal != SIGKILL) {
      absl::Status sent = SendMessage(channel_.native_handle(), {.kind = Kind::kSignal, .signal = signal});
      if (!sent.ok()) return sent;
      return ExecResult{};
    }
    kill_ordered_ = true;
    // The whole machine: the kernel kills a PID namespace with its first process.
    if (syscall(SYS_pidfd_send_signal, init_.native_handle(), SIGKILL, nullptr, 0) != 0 && errno != ESRCH) {
      return absl::UnavailableError(absl::StrCat("signal: ", strerror(errno)));
    }
    return ExecResult{};
  }

  asio::io_context io_{1};
  Descriptor channel_;
  Descriptor init_;
  Descriptor output_;
  Descriptor error_;
  const std::shared_ptr<MachineGroup> group_;
  Local::acceptor control_{io_};
  asio::steady_timer outputs_changed_{io_};
  std::map<uint64_t, std::shared_ptr<ExecSession>> execs_;
  uint64_t last_exec_ = 0;
  int open_outputs_ = 2;
  int open_sessions_ = 0;
  std::optional<ChannelMessage> said_;
  bool settling_ = false;
  bool kill_ordered_ = false;
  bool ended_ = false;
  std::optional<ChannelMessage> settled_;
  asio::steady_timer settled_changed_{io_};
  BootExit exit_;
};

MachineFollower::MachineFollower(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

MachineFollower::~MachineFollower() = default;

absl::StatusOr<std::unique_ptr<MachineFollower>> MachineFollower::Create(const StartedMachine& machine) {
  auto loop = std::make_unique<Loop>(machine);
  if (absl::Status listening = loop->Listen(); !listening.ok()) return listening;
  return std::unique_ptr<MachineFollower>(new MachineFollower(std::move(loop)));
}

BootExit MachineFollower::Run() { return loop_->Run(); }

}  // namespace flyd
