#include "flyd/init/workload/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "flyd/init/workload/workload_privileges.h"

namespace flyd {
namespace {

enum Step : int { kGroup, kDescriptors, kPrivileges, kWorkingDirectory, kExecute };

struct Failure {
  int step;
  int error;
};

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

void ResetSignals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Moves the three descriptors to 0, 1 and 2 by way of numbers above them, for one may stand in another's place.
int PlaceDescriptors(const SpawnPlan& plan) {
  const int input = plan.stdin_fd >= 0 ? plan.stdin_fd : open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int sources[3] = {input, plan.stdout_fd, plan.stderr_fd};
  int high[3];
  for (int i = 0; i < 3; ++i) {
    high[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, 10);
    if (high[i] < 0) return errno;
  }
  for (int i = 0; i < 3; ++i) {
    if (dup2(high[i], i) < 0) return errno;
  }
  return 0;
}

[[noreturn]] void Fail(int report, Step step, int error) {
  const Failure failure = {step, error};
  (void)!write(report, &failure, sizeof failure);  // if this is lost the parent sees the exit code
  _exit(127);
}

[[noreturn]] void RunChild(const SpawnPlan& plan, char** argv, char** environment, int report) {
  setsid();
  ResetSignals();
  if (plan.group >= 0 && write(plan.group, "0", 1) != 1) Fail(report, kGroup, errno);
  if (const int error = PlaceDescriptors(plan); error != 0) Fail(report, kDescriptors, error);
  // Also what a library left open without the flag; /dev/null and the pipe included, which exec would close anyway.
  if (report > 3) close_range(3, static_cast<unsigned>(report) - 1, 0);
  close_range(static_cast<unsigned>(report) + 1, ~0U, 0);
  if (const int error = TakeWorkloadPrivileges(plan.user, plan.one_id); error != 0) Fail(report, kPrivileges, error);
  if (chdir(plan.working_dir.empty() ? "/" : plan.working_dir.c_str()) != 0) Fail(report, kWorkingDirectory, errno);
  environ = environment;  // execvp searches this PATH
  execvp(argv[0], argv);
  Fail(report, kExecute, errno);
}

absl::Status ToStatus(const SpawnPlan& plan, const Failure& failure) {
  const char* reason = strerror(failure.error);
  switch (failure.step) {
    case kGroup:
      return absl::UnavailableError(absl::StrCat("control group: ", reason));
    case kDescriptors:
      return absl::UnavailableError(absl::StrCat("descriptors: ", reason));
    case kPrivileges:
      return absl::FailedPreconditionError(absl::StrCat("user ", plan.user.uid, ": ", reason));
    case kWorkingDirectory:
      return absl::NotFoundError(absl::StrCat("working_dir: ", plan.working_dir, ": ", reason));
    default:
      if (failure.error == ENOENT) return absl::NotFoundError(absl::StrCat("command: ", plan.command[0], ": ", reason));
      return absl::PermissionDeniedError(absl::StrCat("command: ", plan.command[0], ": ", reason));
  }
}

}  // namespace

absl::StatusOr<pid_t> Spawn(const SpawnPlan& plan) {
  std::vector<std::string> words = plan.command;
  std::vector<std::string> variables;
  for (const auto& [name, value] : plan.environment) variables.push_back(absl::StrCat(name, "=", value));
  std::vector<char*> argv = Pointers(words);
  std::vector<char*> environment = Pointers(variables);
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return absl::UnavailableError(absl::StrCat("pipe: ", strerror(errno)));
  const pid_t pid = fork();
  if (pid == 0) RunChild(plan, argv.data(), environment.data(), report[1]);
  const int fork_error = errno;
  close(report[1]);
  Failure failure;
  const bool failed = pid > 0 && read(report[0], &failure, sizeof failure) == sizeof failure;
  close(report[0]);
  if (pid < 0) return absl::UnavailableError(absl::StrCat("fork: ", strerror(fork_error)));
  if (!failed) return pid;
  waitpid(pid, nullptr, 0);
  return ToStatus(plan, failure);
}

}  // namespace flyd
