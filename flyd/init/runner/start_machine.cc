#include "flyd/init/runner/start_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "flyd/files/open_file.h"
#include "flyd/init/machine/channel.h"
#include "flyd/init/machine/image_tree.h"
#include "flyd/init/machine/namespaces.h"
#include "flyd/init/machine/oci_root.h"
#include "flyd/init/machine/root_file_system.h"
#include "flyd/init/pid1/pid1.h"

namespace flyd {
namespace {

using Kind = ChannelMessage::Kind;

// Everything that is open for the start of one machine. What is still held when this goes is closed.
struct Descriptors {
  int guest = -1;
  std::array<int, 2> channel = {-1, -1};  // [0] runner, [1] init
  std::array<int, 2> out = {-1, -1};      // [0] read by the runner
  std::array<int, 2> err = {-1, -1};

  ~Descriptors() {
    for (const int fd : {guest, channel[0], channel[1], out[0], out[1], err[0], err[1]}) {
      if (fd >= 0) close(fd);
    }
  }
};

absl::Status OpenPipe(std::array<int, 2>& pipe, uint32_t first_host_id) {
  if (pipe2(pipe.data(), O_CLOEXEC) != 0) return absl::UnavailableError(absl::StrCat("pipe: ", strerror(errno)));
  // Root of the machine must own it to give it to the workload's user.
  if (first_host_id != 0 && fchown(pipe[1], first_host_id, first_host_id) != 0) {
    return absl::UnavailableError(absl::StrCat("pipe: ", strerror(errno)));
  }
  return absl::OkStatus();
}

absl::Status OpenDescriptors(const RunnerOrder& order, Descriptors& open_fds) {
  open_fds.guest = open(order.guest_directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (open_fds.guest < 0) {
    return absl::FailedPreconditionError(absl::StrCat("guest directory ", order.guest_directory, ": ", strerror(errno)));
  }
  absl::StatusOr<std::vector<int>> channel = MakeChannel();
  if (!channel.ok()) return channel.status();
  open_fds.channel = {(*channel)[0], (*channel)[1]};
  if (absl::Status out = OpenPipe(open_fds.out, order.first_host_id); !out.ok()) return out;
  return OpenPipe(open_fds.err, order.first_host_id);
}

void BlankArguments(absl::Span<char* const> arguments) {
  constexpr char kName[] = "init";
  const size_t room = arguments.empty() ? 0 : strlen(arguments[0]);
  for (char* argument : arguments) memset(argument, 0, strlen(argument));
  if (!arguments.empty()) memcpy(arguments[0], kName, std::min(sizeof kName, room));
}

// Leaves 0, 1, 2 and those that PID 1 needs.
absl::Status TakeDescriptors(const Descriptors& fds, int workload_group) {
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || dup2(null, 0) < 0 || dup2(fds.out[1], 1) < 0 || dup2(fds.err[1], 2) < 0) {
    return absl::UnavailableError(absl::StrCat("descriptors: ", strerror(errno)));
  }
  std::vector<int> kept = {fds.guest, fds.channel[1]};
  if (workload_group >= 0) kept.push_back(workload_group);
  std::sort(kept.begin(), kept.end());
  unsigned next = 3;
  for (const int fd : kept) {
    const unsigned number = static_cast<unsigned>(fd);
    if (number > next) close_range(next, number - 1, 0);
    next = number + 1;
  }
  close_range(next, ~0U, 0);
  return absl::OkStatus();
}

// Rootless, the machine mounts the tree itself: it is the user whose files those are.
absl::StatusOr<OpenFile> TakeImageTree(const RunnerOrder& order, int channel) {
  if (order.first_host_id == 0) return OpenImageTree(order.rootfs, 0);
  absl::StatusOr<std::optional<ReceivedMessage>> sent = ReceiveMessage(channel);
  if (!sent.ok()) return sent.status();
  if (!sent->has_value() || (*sent)->descriptors.size() != 1) return absl::UnavailableError("image tree: not sent, want it");
  return OpenFile((*sent)->descriptors[0]);
}

absl::Status SetUp(const RunnerOrder& order, int channel) {
  if (!order.hostname.empty() && sethostname(order.hostname.data(), order.hostname.size()) != 0) {
    return absl::UnavailableError(absl::StrCat("hostname ", order.hostname, ": ", strerror(errno)));
  }
  if (order.rootfs.empty()) return EnterHostImage({.hidden_paths = order.hidden_paths});
  absl::StatusOr<OpenFile> tree = TakeImageTree(order, channel);
  return tree.ok() ? EnterOciImage(*std::move(tree)) : tree.status();
}

int RunChild(const RunnerOrder& order, const Descriptors& fds, int workload_group, absl::Span<char* const> arguments) {
  BlankArguments(arguments);
  absl::Status ready = TakeDescriptors(fds, workload_group);
  if (ready.ok()) ready = SetUp(order, fds.channel[1]);
  if (!ready.ok()) {
    (void)SendMessage(fds.channel[1], {.kind = Kind::kFailed, .error = std::string(ready.message())});
    return 1;
  }
  if (!SendMessage(fds.channel[1], {.kind = Kind::kReady}).ok()) return 1;
  absl::StatusOr<std::optional<ReceivedMessage>> go = ReceiveMessage(fds.channel[1]);
  if (!go.ok() || !go->has_value() || (*go)->message.kind != Kind::kGo) return 1;
  return RunPid1({.channel = fds.channel[1],
                  .guest = {.directory = fds.guest},
                  .workload_group = workload_group,
                  .one_id = order.first_host_id == 0,
                  .image_defaults = order.image_defaults});
}

absl::Status AwaitReady(int channel) {
  absl::StatusOr<std::optional<ReceivedMessage>> said = ReceiveMessage(channel);
  if (!said.ok()) return said.status();
  if (!said->has_value()) return absl::UnavailableError("machine: ended while it was set up, want it ready");
  if ((*said)->message.kind == Kind::kReady) return absl::OkStatus();
  return absl::UnavailableError((*said)->message.error);
}

// Where the host's memory is out, the kernel ends machines before what looks after them.
absl::Status OfferToBeEnded(pid_t pid) {
  const OpenFile file(open(absl::StrCat("/proc/", pid, "/oom_score_adj").c_str(), O_WRONLY | O_CLOEXEC));
  if (file.is_open() && write(file.get(), "500", 3) == 3) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("oom_score_adj: ", strerror(errno), ", want it raised"));
}

// Only root of the host may map the ids of its files into a machine.
absl::Status GiveImageTree(const RunnerOrder& order, const StartedMachine& machine, int channel) {
  if (order.rootfs.empty() || order.first_host_id == 0) return absl::OkStatus();
  absl::StatusOr<OpenFile> tree = OpenImageTree(order.rootfs, machine.pid);
  if (!tree.ok()) return tree.status();
  return SendMessage(channel, {.kind = Kind::kImage}, {tree->get()});
}

int Take(int& descriptor) { return std::exchange(descriptor, -1); }

}  // namespace

absl::StatusOr<StartedMachine> StartMachine(const RunnerOrder& order, absl::Span<char* const> arguments) {
  Descriptors fds;
  if (absl::Status opened = OpenDescriptors(order, fds); !opened.ok()) return opened;
  std::shared_ptr<MachineGroup> group;
  if (!order.control_group.empty()) {
    auto made = MachineGroup::Create(order.control_group, order.limits);
    if (!made.ok()) return made.status();
    group = *std::move(made);
  }
  const int workload_group = group == nullptr ? -1 : group->workload();
  absl::StatusOr<NamespaceChild> child = ForkIntoNamespaces(
      {.first_host_id = order.first_host_id,
       .private_network = order.private_network,
       .group = group == nullptr ? -1 : group->init()},
      [&order, &fds, workload_group, arguments] { return RunChild(order, fds, workload_group, arguments); });
  if (!child.ok()) return child.status();
  close(Take(fds.channel[1]));
  close(Take(fds.out[1]));
  close(Take(fds.err[1]));
  StartedMachine machine = {.pid = child->pid, .pidfd = child->pidfd};
  absl::Status ready = OfferToBeEnded(machine.pid);
  if (ready.ok()) ready = GiveImageTree(order, machine, fds.channel[0]);
  if (ready.ok()) ready = AwaitReady(fds.channel[0]);
  if (!ready.ok()) {
    AbandonMachine(machine);
    return ready;
  }
  machine.channel = Take(fds.channel[0]);
  machine.stdout_fd = Take(fds.out[0]);
  machine.stderr_fd = Take(fds.err[0]);
  machine.group = std::move(group);
  return machine;
}

void AbandonMachine(const StartedMachine& machine) {
  kill(machine.pid, SIGKILL);
  waitpid(machine.pid, nullptr, 0);
  for (const int fd : {machine.pidfd, machine.channel, machine.stdout_fd, machine.stderr_fd}) {
    if (fd >= 0) close(fd);
  }
}

}  // namespace flyd
