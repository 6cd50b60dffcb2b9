#include "flyd/init/runner/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "flyd/files/durable_file.h"
#include "flyd/init/machine/channel.h"
#include "flyd/init/runner/machine_follower.h"
#include "flyd/init/runner/start_machine.h"
#include "flyd/runtime/boot_files.h"
#include "flyd/runtime/machine_group.h"
#include "flyd/runtime/process_identity.h"
#include "flyd/runtime/runner_protocol.h"

namespace flyd {
namespace {

constexpr int kReport = 1;

void Say(const std::string& line) { (void)!write(kReport, line.data(), line.size()); }  // flyd may be gone: we go on

int Refuse(const absl::Status& why) {
  Say(EncodeControlReply(why));
  return 1;
}

// Held for the runner's life, by this process alone.
absl::Status LockBoot() {
  const int lock = open(kLockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return absl::UnavailableError(absl::StrCat(kLockFile, ": ", strerror(errno)));
  struct flock whole = {};
  whole.l_type = F_WRLCK;
  if (fcntl(lock, F_OFD_SETLK, &whole) == 0) return absl::OkStatus();
  return absl::AlreadyExistsError("boot: has a runner, want none");
}

absl::StatusOr<RunnerOrder> ReadOrder() {
  if (access(kExitFile, F_OK) == 0) return absl::FailedPreconditionError("boot: ended before, want a new one");
  absl::StatusOr<std::string> text = ReadWholeFile(kOrderFile);
  if (!text.ok()) return text.status();
  return DecodeOrder(*text);
}

absl::Status Record(const StartedMachine& machine) {
  absl::StatusOr<ProcessIdentity> runner = IdentifyProcess(getpid());
  if (!runner.ok()) return runner.status();
  absl::StatusOr<ProcessIdentity> init = IdentifyProcess(machine.pid);
  if (!init.ok()) return init.status();
  return WriteFileDurably(".", kRunnerFile, EncodeRunner({.runner = *std::move(runner), .init = *std::move(init)}));
}

void DropReport() {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd <= 2; ++fd) dup2(null, fd);
  close(null);
}

int RunDaemon(const RunnerOrder& order, absl::Span<char* const> arguments) {
  Say(absl::StrCat("{\"runner_pid\":", getpid(), "}\n"));
  absl::StatusOr<StartedMachine> machine = StartMachine(order, arguments);
  if (!machine.ok()) return Refuse(machine.status());
  absl::StatusOr<std::unique_ptr<MachineFollower>> follower = MachineFollower::Create(*machine);
  const absl::Status recorded = follower.ok() ? Record(*machine) : follower.status();
  if (!recorded.ok()) {
    kill(machine->pid, SIGKILL);
    unlink(kControlSocket);
    return Refuse(recorded);
  }
  Say(EncodeControlReply(ExecResult{}));
  DropReport();
  const BootExit exit = (*follower)->Run();
  unlink(kControlSocket);
  // What is left of a group is removed with the boot's files.
  if (machine->group != nullptr) (void)RemoveMachineGroup(order.control_group);
  return WriteFileDurably(".", kExitFile, EncodeExit(exit)).ok() ? 0 : 1;
}

}  // namespace

int RunRunner(const std::string& boot_directory, absl::Span<char* const> arguments) {
  prctl(PR_SET_NAME, "flyd-runner", 0, 0, 0);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  umask(077);
  if (chdir(boot_directory.c_str()) != 0) {
    return Refuse(absl::FailedPreconditionError(absl::StrCat(boot_directory, ": ", strerror(errno))));
  }
  if (absl::Status locked = LockBoot(); !locked.ok()) return Refuse(locked);
  absl::StatusOr<RunnerOrder> order = ReadOrder();
  if (!order.ok()) return Refuse(order.status());
  // The child has no parent that waits for it, no terminal, and a session of its own.
  const pid_t daemon = fork();
  if (daemon < 0) return Refuse(absl::UnavailableError(absl::StrCat("fork: ", strerror(errno))));
  if (daemon > 0) return 0;
  setsid();
  return RunDaemon(*order, arguments);
}

int RunProbe(uint32_t first_host_id, absl::Span<char* const> arguments) {
  const RunnerOrder order = {.machine_id = "probe", .image = "host", .guest_directory = "/", .first_host_id = first_host_id};
  absl::StatusOr<StartedMachine> machine = StartMachine(order, arguments);
  if (!machine.ok()) return Refuse(machine.status());
  AbandonMachine(*machine);
  Say(EncodeControlReply(ExecResult{}));
  return 0;
}

}  // namespace flyd
