#include "flyd/init/pid1/pid1.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/posix/stream_descriptor.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "flyd/files/durable_file.h"
#include "flyd/init/gate/api_proxy.h"
#include "flyd/init/gate/boot_answer.h"
#include "flyd/init/gate/boot_request.h"
#include "flyd/init/gate/guest_connection.h"
#include "flyd/init/machine/channel.h"
#include "flyd/init/tokens/machine_identity.h"
#include "flyd/init/workload/spawn.h"
#include "flyd/init/workload/workload_hold.h"
#include "flyd/init/workload/workload_user.h"

namespace flyd {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;
using Kind = ChannelMessage::Kind;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr char kFlyDirectory[] = "/.fly";
// The machine could not be brought as far as its program; docker's number for the same.
constexpr int kExitNotBooted = 125;
constexpr std::chrono::seconds kReportPatience(1);
// Of the end, which nobody else can tell.
constexpr std::chrono::seconds kEndPatience(10);

ChannelMessage EndOf(Kind kind, int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int signal = WTERMSIG(wait_status);
    return {.kind = kind, .signal = signal, .exit_code = 128 + signal};
  }
  return {.kind = kind, .exit_code = WEXITSTATUS(wait_status)};
}

ChannelMessage NeverBegan(Kind kind, const absl::Status& why) {
  const int code = absl::IsNotFound(why) ? 127 : absl::IsPermissionDenied(why) ? 126 : kExitNotBooted;
  return {.kind = kind, .exit_code = code, .error = std::string(why.message())};
}

class Pid1 {
 public:
  explicit Pid1(const Pid1Options& options)
      : options_(options),
        children_(io_, MakeSignals({SIGCHLD})),
        guest_(io_.get_executor(), options.guest, macaroon_),
        hold_(options.workload_group < 0 ? WorkloadHold::By::kSignals : WorkloadHold::By::kRunner) {}

  int Run() {
    if (HasRunner()) {
      channel_.emplace(io_, options_.channel);
      asio::co_spawn(io_, Listen(), asio::detached);
    } else {
      passed_on_.emplace(io_, MakeSignals({SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}));
      asio::co_spawn(io_, PassOn(), asio::detached);
    }
    asio::co_spawn(io_, Reap(), asio::detached);
    asio::co_spawn(io_, Boot(), asio::detached);
    io_.run();
    kill(-1, SIGKILL);
    while (waitpid(-1, nullptr, 0) > 0) {
    }
    if (HasRunner()) (void)SendMessage(options_.channel, end_);  // one that is gone has killed us already
    if (!HasRunner() && !end_.error.empty()) fprintf(stderr, "init: %s\n", end_.error.c_str());
    return end_.exit_code;
  }

 private:
  // The descriptor from which they are read instead of being delivered.
  static int MakeSignals(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }

  bool HasRunner() const { return options_.channel >= 0; }

  // The first end counts. It waits a little for the report that the workload began, so that a short one is recorded too.
  void End(ChannelMessage end) {
    if (ended_) return;
    ended_ = true;
    end_ = std::move(end);
    if (!HasRunner() && !macaroon_.Reveal().empty()) {
      ++reports_;
      asio::co_spawn(io_, ReportEnd(), asio::detached);
    }
    if (reports_ == 0) {
      io_.stop();
      return;
    }
    report_timer_.expires_after(HasRunner() ? kReportPatience : kEndPatience);
    report_timer_.async_wait([this](const boost::system::error_code&) { io_.stop(); });
  }

  asio::awaitable<void> Boot() {
    absl::StatusOr<BootAnswer> answer = co_await RequestBoot(guest_);
    absl::Status started = answer.status();
    if (answer.ok()) started = co_await Begin(*answer);
    if (ended_ && workload_ == 0) co_return;  // told to end before its program began
    if (!started.ok()) {
      End(NeverBegan(Kind::kExit, started));
      co_return;
    }
    ++reports_;
    co_await ReportBootEvent(guest_, "started", "");
    Reported();
  }

  void Reported() {
    if (--reports_ == 0 && ended_) io_.stop();
  }

  // Where nobody on the host waits for the workload.
  asio::awaitable<void> ReportEnd() {
    GuestConnection guest(io_.get_executor(), options_.guest, macaroon_);
    co_await ReportBootExit(guest, end_.exit_code, end_.signal, end_.error);
    Reported();
  }

  // What the machine's configuration says wins.
  absl::Status TakeImageDefaults(BootAnswer& answer) const {
    const ImageDefaults& image = options_.image_defaults;
    if (answer.command.empty()) answer.command = image.command;
    answer.environment.insert(image.environment.begin(), image.environment.end());
    if (answer.user.empty()) answer.user = image.user;
    if (answer.working_dir.empty()) answer.working_dir = image.working_dir;
    if (!answer.command.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("command: none in the configuration and none in the image, want a program");
  }

  asio::awaitable<absl::Status> Begin(BootAnswer& answer) {
    if (absl::Status taken = TakeImageDefaults(answer); !taken.ok()) co_return taken;
    macaroon_ = std::move(answer.macaroon);
    if (!HasRunner()) (void)sethostname(answer.machine.name.data(), answer.machine.name.size());  // its own, or not to be had
    const std::string passwd = ReadWholeFile("/etc/passwd").value_or("");
    const std::string group = ReadWholeFile("/etc/group").value_or("");
    absl::StatusOr<WorkloadUser> user = ResolveUser(answer.user, passwd, group, options_.one_id);
    if (!user.ok()) co_return user.status();
    if (absl::Status served = Serve(answer, *user); !served.ok()) co_return served;
    const MachineIdentityOptions identity = {.machine = answer.machine, .settings = answer.identity,
                                             .environment = answer.environment, .user = *user, .passwd = passwd,
                                             .group = group, .one_id = options_.one_id, .fly_directory = fly_directory_,
                                             .guest = options_.guest};
    if (absl::Status begun = co_await BeginIdentity(identity); !begun.ok()) co_return begun;
    plan_ = {.command = std::move(answer.command),
             .environment = BuildEnvironment(answer.machine, answer.environment, identity_->variables(), user->home),
             .working_dir = std::move(answer.working_dir),
             .user = *std::move(user),
             .one_id = options_.one_id,
             .group = options_.workload_group};
    // A program that opens /dev/stdout opens the pipe anew, which its owner may.
    (void)!fchown(STDOUT_FILENO, plan_.user.uid, plan_.user.gid);
    (void)!fchown(STDERR_FILENO, plan_.user.uid, plan_.user.gid);
    if (ended_) co_return absl::CancelledError("machine: told to end before its program began");
    absl::StatusOr<pid_t> workload = Spawn(plan_);
    if (!workload.ok()) co_return workload.status();
    workload_ = *workload;
    co_return absl::OkStatus();
  }

  // Makes /.fly and listens on /.fly/api.
  absl::Status Serve(const BootAnswer& answer, const WorkloadUser& user) {
    mkdir(kFlyDirectory, 0755);
    fly_directory_ = open(kFlyDirectory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fly_directory_ < 0 || fchmod(fly_directory_, 0755) != 0) {
      return absl::UnavailableError("/.fly: not a directory that can be made, want one");
    }
    ApiProxyOptions options = {.path = absl::StrCat(kFlyDirectory, "/api"), .uid = user.uid, .gid = user.gid,
                               .mode = answer.identity.socket_mode, .guest = options_.guest};
    absl::StatusOr<std::unique_ptr<ApiProxy>> proxy = ApiProxy::Create(io_.get_executor(), options, macaroon_);
    if (!proxy.ok()) return proxy.status();
    proxy_ = *std::move(proxy);
    return absl::OkStatus();
  }

  // The first tokens, before the workload's first instruction. An error only if identity is required.
  asio::awaitable<absl::Status> BeginIdentity(const MachineIdentityOptions& options) {
    identity_required_ = options.settings.required;
    absl::StatusOr<std::unique_ptr<MachineIdentity>> identity =
        MachineIdentity::Create(io_.get_executor(), options, macaroon_);
    if (!identity.ok()) co_return identity.status();
    identity_ = *std::move(identity);
    const absl::Status first = co_await identity_->Begin();
    if (first.ok()) co_return first;
    co_await ReportNoIdentity(first);
    if (!identity_required_) co_return absl::OkStatus();
    co_return absl::UnavailableError(absl::StrCat("identity: ", first.message(), ", required"));
  }

  asio::awaitable<void> ReportNoIdentity(const absl::Status& why) {
    fprintf(stderr, "init: identity: %s\n", std::string(why.message()).c_str());
    GuestConnection guest(io_.get_executor(), options_.guest, macaroon_);
    co_await ReportBootEvent(guest, identity_required_ ? "identity_failed" : "identity_unavailable", why.message());
  }

  // Reaps the workload, execs, and every orphan that the kernel gives to process 1.
  asio::awaitable<void> Reap() {
    for (;;) {
      co_await children_.async_wait(Descriptor::wait_read, kToken);
      signalfd_siginfo info;
      while (read(children_.native_handle(), &info, sizeof info) > 0) {
      }
      int status = 0;
      for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) Reaped(pid, status);
    }
  }

  void Reaped(pid_t pid, int status) {
    if (pid == workload_) {
      End(EndOf(Kind::kExit, status));
      return;
    }
    const auto exec = execs_.find(pid);
    if (exec == execs_.end()) return;
    ChannelMessage end = EndOf(Kind::kExecExit, status);
    end.id = exec->second;
    execs_.erase(exec);
    (void)SendMessage(options_.channel, end);
  }

  // What is sent to process 1 of a container, or to that of a virtual machine by its monitor.
  asio::awaitable<void> PassOn() {
    for (;;) {
      co_await passed_on_->async_wait(Descriptor::wait_read, kToken);
      signalfd_siginfo info;
      while (read(passed_on_->native_handle(), &info, sizeof info) == sizeof info) {
        Signal(static_cast<int>(info.ssi_signo));
      }
    }
  }

  void Signal(int signal) {
    if (workload_ > 0) kill(workload_, signal);
    if (workload_ == 0) End({.kind = Kind::kExit, .signal = signal, .exit_code = 128 + signal});
  }

  asio::awaitable<void> Listen() {
    for (;;) {
      co_await channel_->async_wait(Descriptor::wait_read, kToken);
      absl::StatusOr<std::optional<ReceivedMessage>> received = ReceiveMessage(options_.channel);
      if (!received.ok() || !received->has_value()) {
        End({.kind = Kind::kExit, .exit_code = kExitNotBooted, .error = "runner: gone, want it alive"});
        co_return;
      }
      Obey((*received)->message, (*received)->descriptors);
      for (const int descriptor : (*received)->descriptors) close(descriptor);
    }
  }

  void Obey(const ChannelMessage& order, const std::vector<int>& descriptors) {
    if (order.kind == Kind::kSignal) {
      Signal(order.signal);
    } else if (order.kind == Kind::kExec) {
      Execute(order, descriptors);
    } else if (order.kind == Kind::kKillExec) {
      for (const auto& [pid, id] : execs_) {
        if (id == order.id) kill(-pid, SIGKILL);  // its session began with its own process group
      }
    } else if (order.kind == Kind::kSuspend) {
      Suspend();
    } else if (order.kind == Kind::kResume) {
      asio::co_spawn(io_, Resume(), asio::detached);
    } else if (order.kind == Kind::kLetGo) {
      hold_.Release();
      asio::co_spawn(io_, RenewBeside(), asio::detached);
      Settle(absl::OkStatus());
    }
  }

  asio::awaitable<void> RenewBeside() { (void)co_await identity_->Renew(); }  // what fails now is tried again at its time

  void Suspend() {
    if (workload_ == 0) {
      Settle(absl::FailedPreconditionError("machine: booting, want its program running"));
      return;
    }
    identity_->Rest();
    hold_.Hold();
    Settle(absl::OkStatus());
  }

  asio::awaitable<void> Resume() {
    if (!hold_.held()) {
      Settle(absl::OkStatus());
      co_return;
    }
    const absl::Status renewed = co_await identity_->Renew();
    if (renewed.ok() || !identity_required_) hold_.Release();
    Settle(renewed.ok() || !identity_required_
               ? absl::OkStatus()
               : absl::UnavailableError(absl::StrCat("identity: ", renewed.message(), ", required; the workload is held")));
    if (!renewed.ok()) co_await ReportNoIdentity(renewed);
  }

  void Settle(const absl::Status& outcome) {
    (void)SendMessage(options_.channel, {.kind = Kind::kSettled, .error = std::string(outcome.message())});
  }

  void Execute(const ChannelMessage& order, const std::vector<int>& descriptors) {
    absl::StatusOr<pid_t> pid = absl::FailedPreconditionError("machine: booting, want its program running");
    if (hold_.held()) {
      pid = absl::FailedPreconditionError("machine: suspended, want it resumed");
    } else if (workload_ > 0 && descriptors.size() == 3 && !order.command.empty()) {
      SpawnPlan plan = plan_;
      plan.command = order.command;
      plan.stdin_fd = descriptors[0];
      plan.stdout_fd = descriptors[1];
      plan.stderr_fd = descriptors[2];
      pid = Spawn(plan);
    }
    if (pid.ok()) {
      execs_[*pid] = order.id;
      return;
    }
    ChannelMessage failed = NeverBegan(Kind::kExecExit, pid.status());
    failed.id = order.id;
    (void)SendMessage(options_.channel, failed);
  }

  const Pid1Options options_;
  asio::io_context io_{1};
  std::optional<Descriptor> channel_;    // with a runner
  std::optional<Descriptor> passed_on_;  // without one: the signals
  Descriptor children_;
  LockedSecret macaroon_;
  GuestConnection guest_;
  std::unique_ptr<ApiProxy> proxy_;
  std::unique_ptr<MachineIdentity> identity_;
  bool identity_required_ = false;
  WorkloadHold hold_;
  int fly_directory_ = -1;
  SpawnPlan plan_;
  pid_t workload_ = 0;
  std::map<pid_t, uint64_t> execs_;
  boost::asio::steady_timer report_timer_{io_};
  int reports_ = 0;  // under way
  bool ended_ = false;
  ChannelMessage end_ = {.kind = Kind::kExit, .exit_code = kExitNotBooted};
};

}  // namespace

int RunPid1(const Pid1Options& options) {
  prctl(PR_SET_NAME, "init", 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  signal(SIGPIPE, SIG_IGN);
  umask(022);
  return Pid1(options).Run();
}

}  // namespace flyd
