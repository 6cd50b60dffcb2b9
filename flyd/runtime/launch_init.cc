#include "flyd/runtime/launch_init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "flyd/runtime/runner_protocol.h"

namespace flyd {
namespace {

using Clock = std::chrono::steady_clock;

// Default signals, a session of its own, descriptors 0 and 2 /dev/null and 1 the report.
absl::StatusOr<pid_t> SpawnInit(const std::string& path, std::vector<std::string> words, int report) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, report, 1);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&files, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  char* environment[] = {nullptr};
  pid_t pid = 0;
  const int error = posix_spawn(&pid, path.c_str(), &files, &attributes, argv.data(), environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) return absl::UnavailableError(absl::StrCat(path, ": ", strerror(error), ", want the init program"));
  return pid;
}

// The whole lines of the report until its reply, its end, or `until`.
struct Report {
  pid_t runner_pid = 0;
  absl::Status status = absl::UnavailableError("runner: ended without a word, want its report");
  bool timed_out = false;
};

bool TakeLine(absl::string_view line, Report& report) {
  constexpr absl::string_view kPid = "{\"runner_pid\":";
  if (absl::ConsumePrefix(&line, kPid)) {
    (void)absl::SimpleAtoi(absl::StripSuffix(line, "}"), &report.runner_pid);
    return false;
  }
  report.status = DecodeControlReply(line).status();
  return true;
}

Report ReadReport(int fd, Clock::time_point until) {
  Report report;
  std::string pending;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd ready = {fd, POLLIN, 0};
    const int polled = left > 0 ? poll(&ready, 1, static_cast<int>(left)) : 0;
    if (polled < 0 && errno == EINTR) continue;
    if (polled == 0) {
      report.timed_out = true;
      report.status = absl::UnavailableError("runner: silent until the deadline, want its report");
      return report;
    }
    char chunk[4096];
    const ssize_t got = read(fd, chunk, sizeof chunk);
    if (got <= 0) return report;
    pending.append(chunk, static_cast<size_t>(got));
    for (size_t end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
      if (TakeLine(pending.substr(0, end), report)) return report;
      pending.erase(0, end + 1);
    }
  }
}

}  // namespace

absl::Status LaunchInit(const std::string& init_path, const std::vector<std::string>& arguments, absl::Duration timeout) {
  int report_pipe[2];
  if (pipe2(report_pipe, O_CLOEXEC) != 0) return absl::UnavailableError(absl::StrCat("pipe: ", strerror(errno)));
  std::vector<std::string> words = {"init"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const absl::StatusOr<pid_t> pid = SpawnInit(init_path, std::move(words), report_pipe[1]);
  close(report_pipe[1]);
  if (!pid.ok()) {
    close(report_pipe[0]);
    return pid.status();
  }
  const Report report = ReadReport(report_pipe[0], Clock::now() + absl::ToChronoMilliseconds(timeout));
  close(report_pipe[0]);
  if (report.timed_out) {
    if (report.runner_pid > 0) kill(report.runner_pid, SIGKILL);
    kill(*pid, SIGKILL);
  }
  while (waitpid(*pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return report.status;
}

}  // namespace flyd
