#include "flyd/runtime/process_runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "flyd/files/durable_file.h"
#include "flyd/runtime/boot_files.h"
#include "flyd/runtime/boot_folders.h"
#include "flyd/runtime/control_groups.h"
#include "flyd/runtime/fence_mark.h"
#include "flyd/runtime/launch_init.h"
#include "flyd/runtime/machine_group.h"
#include "flyd/runtime/process_identity.h"
#include "flyd/runtime/read_boot_exit.h"
#include "flyd/runtime/runner_client.h"
#include "flyd/runtime/runner_protocol.h"

namespace flyd {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kSignalPatience = absl::Seconds(2);
// What an exec may take beyond its own timeout until the runner has said that it ended.
constexpr absl::Duration kExecMargin = absl::Seconds(5);
// More than the runner waits for PID 1 (20 s) and for the kernel (1 s), and for the undoing of both.
constexpr absl::Duration kSuspendPatience = absl::Seconds(45);
// PID 1 makes its token files fresh first, as long as it would at boot.
constexpr absl::Duration kResumePatience = absl::Seconds(15);

bool IsRootless() { return geteuid() != 0; }

absl::Status MakeDirectory(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno)));
  }
  // Against the umask, and for one that was made by somebody else.
  if (chmod(path.c_str(), mode) != 0) return absl::UnavailableError(absl::StrCat(path, ": ", strerror(errno)));
  return absl::OkStatus();
}

absl::StatusOr<RunnerRecord> ReadRecord(const std::string& directory) {
  absl::StatusOr<std::string> text = ReadWholeFile(absl::StrCat(directory, "/", kRunnerFile));
  if (!text.ok()) return text.status();
  return DecodeRunner(*text);
}

RunningBoot ToRunningBoot(const RunnerRecord& record) {
  return RunningBoot{.runner_pid = record.runner.pid,
                     .runner_start_ticks = record.runner.start_ticks,
                     .host_boot_id = record.runner.host_boot_id,
                     .init_pid = record.init.pid};
}

// True while a runner holds the boot's lock. Only looks: a runner that starts now is not disturbed.
bool HasRunner(const std::string& directory) {
  const int lock = open(absl::StrCat(directory, "/", kLockFile).c_str(), O_RDWR | O_CLOEXEC);
  if (lock < 0) return false;
  struct flock whole = {};
  whole.l_type = F_WRLCK;
  const bool held = fcntl(lock, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
  close(lock);
  return held;
}

// Ids become names of directories.
absl::Status CheckId(absl::string_view id) {
  constexpr absl::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  if (!id.empty() && id.find_first_not_of(kAllowed) == absl::string_view::npos) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("id: \"", id, "\", want letters, digits, _ and -"));
}

// The control group that the boot was ordered.
absl::Status RemoveGroup(const std::string& directory) {
  const absl::StatusOr<std::string> text = ReadWholeFile(absl::StrCat(directory, "/", kOrderFile));
  const absl::StatusOr<RunnerOrder> order = text.ok() ? DecodeOrder(*text) : text.status();
  return order.ok() && !order->control_group.empty() ? RemoveMachineGroup(order->control_group) : absl::OkStatus();
}

// Ends a process that may not listen any more. OK if it has ended.
absl::Status Kill(const ProcessIdentity& process) {
  absl::StatusOr<int> pidfd = OpenProcess(process);
  if (absl::IsNotFound(pidfd.status())) return absl::OkStatus();
  if (!pidfd.ok()) return pidfd.status();
  const long sent = syscall(SYS_pidfd_send_signal, *pidfd, SIGKILL, nullptr, 0);
  const int error = errno;
  close(*pidfd);
  if (sent != 0 && error != ESRCH) return absl::UnavailableError(absl::StrCat("kill: ", strerror(error)));
  return absl::OkStatus();
}

}  // namespace

ProcessRuntime::ProcessRuntime(ProcessRuntimeOptions options, const tokensvc::Clock& clock, ExitSink sink)
    : options_(std::move(options)),
      clock_(clock),
      watcher_(clock, [this, sink = std::move(sink)](absl::string_view machine, absl::string_view boot, const BootExit& exit) {
        // Of a runner that was killed; where it cannot be removed now it is with the boot.
        (void)RemoveGroup(BootDirectory(machine, boot));
        sink(machine, boot, exit);
      }),
      ranges_(options_.first_host_id, options_.max_machines) {}

ProcessRuntime::~ProcessRuntime() = default;

absl::StatusOr<std::unique_ptr<ProcessRuntime>> ProcessRuntime::Create(ProcessRuntimeOptions options,
                                                                       const tokensvc::Clock& clock, ExitSink sink) {
  for (const std::string& path : {options.run_dir, options.init_path}) {
    if (!absl::StartsWith(path, "/")) {
      return absl::InvalidArgumentError(absl::StrCat("path: \"", path, "\", want an absolute one"));
    }
  }
  const uint64_t last = options.first_host_id + uint64_t{options.max_machines} * kIdsPerMachine;
  if (options.first_host_id == 0 || options.max_machines == 0 || last > 0xffffffffu) {
    return absl::InvalidArgumentError(absl::StrCat("host ids: ", options.first_host_id, " and ", options.max_machines,
                                                   " ranges, want them within 1 and 4294967295"));
  }
  if (access(options.init_path.c_str(), X_OK) != 0) {
    return absl::UnavailableError(absl::StrCat(options.init_path, ": ", strerror(errno), ", want the init program"));
  }
  std::error_code error;
  fs::create_directories(options.run_dir, error);
  if (absl::Status made = MakeDirectory(absl::StrCat(options.run_dir, "/m"), 0700); !made.ok()) return made;
  auto runtime = std::unique_ptr<ProcessRuntime>(new ProcessRuntime(std::move(options), clock, std::move(sink)));
  runtime->RestoreRanges();
  if (!runtime->options_.control_group.empty()) {
    const absl::StatusOr<HostBounds> bounds = OpenControlGroups(runtime->options_.control_group);
    if (!bounds.ok()) return bounds.status();
    runtime->bounds_ = *bounds;
  }
  if (runtime->options_.image_dir.empty()) return runtime;
  auto images = ImageStore::Open({.directory = runtime->options_.image_dir, .init_path = runtime->options_.init_path});
  if (!images.ok()) return images.status();
  runtime->images_ = *std::move(images);
  return runtime;
}

absl::Status ProcessRuntime::Probe(const ProcessRuntimeOptions& options) {
  const uint32_t first = IsRootless() ? 0 : options.first_host_id;
  return LaunchInit(options.init_path, {"probe", absl::StrCat(first)}, options.start_timeout);
}

std::string ProcessRuntime::BootDirectory(absl::string_view machine_id, absl::string_view boot_id) const {
  return absl::StrCat(options_.run_dir, "/m/", machine_id, "/b/", boot_id);
}

void ProcessRuntime::RestoreRanges() {
  absl::MutexLock lock(&ranges_mu_);
  std::error_code error;
  for (const fs::directory_entry& machine : fs::directory_iterator(absl::StrCat(options_.run_dir, "/m"), error)) {
    std::error_code no_boots;
    for (const fs::directory_entry& boot : fs::directory_iterator(machine.path() / "b", no_boots)) {
      absl::StatusOr<std::string> text = ReadWholeFile((boot.path() / kOrderFile).string());
      absl::StatusOr<RunnerOrder> order = text.ok() ? DecodeOrder(*text) : text.status();
      if (order.ok()) ranges_.Restore(order->machine_id, order->first_host_id);
    }
  }
}

absl::StatusOr<BootObservation> ProcessRuntime::FindStarted(const BootSpec& spec) {
  absl::StatusOr<BootObservation> seen = Observe(spec.machine_id, spec.boot_id);
  if (seen.ok() && std::holds_alternative<BootExit>(*seen)) {
    return absl::FailedPreconditionError(absl::StrCat("boot ", spec.boot_id, ": has ended, want a new one"));
  }
  return seen;
}

absl::StatusOr<StoredImage> ProcessRuntime::PrepareImage(const BootSpec& spec) {
  if (spec.image == "host") return StoredImage{};
  if (images_ == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("image ", spec.image, ": no place for images here, want host"));
  }
  return images_->Prepare(spec.image, spec.image_digest);
}

absl::StatusOr<int> ProcessRuntime::RemoveUnusedImages(const absl::flat_hash_set<std::string>& used, absl::Time before) {
  return images_ == nullptr ? absl::StatusOr<int>(0) : images_->RemoveUnused(used, before);
}

absl::StatusOr<RunningBoot> ProcessRuntime::Start(const BootSpec& spec) {
  if (absl::Status id = CheckId(spec.machine_id); !id.ok()) return id;
  if (absl::Status id = CheckId(spec.boot_id); !id.ok()) return id;
  if (const char* unbounded = FirstUnbounded(spec.limits, bounds_); unbounded != nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("limit of ", unbounded, ": this host has no control group for it, want one"));
  }
  {
    absl::MutexLock lock(&start_mu_);
    absl::StatusOr<BootObservation> seen = FindStarted(spec);
    if (!seen.ok()) return seen.status();
    if (const auto* running = std::get_if<RunningBoot>(&*seen)) return *running;
  }
  // Without the lock: other machines start while an image comes.
  const absl::StatusOr<StoredImage> image = PrepareImage(spec);
  if (!image.ok()) return image.status();
  absl::MutexLock lock(&start_mu_);
  absl::StatusOr<BootObservation> seen = FindStarted(spec);
  if (!seen.ok()) return seen.status();
  if (const auto* started = std::get_if<RunningBoot>(&*seen)) return *started;
  const std::string directory = BootDirectory(spec.machine_id, spec.boot_id);
  absl::StatusOr<RunningBoot> running = Launch(spec, *image, directory);
  if (!running.ok()) {
    // What is told is why it does not run. A group that stays is found by its order, and removed with the boot.
    std::error_code ignored;
    if (RemoveGroup(directory).ok()) fs::remove_all(directory, ignored);
  }
  return running;
}

absl::StatusOr<RunningBoot> ProcessRuntime::Launch(const BootSpec& spec, const StoredImage& image,
                                                      const std::string& directory) {
  const std::string machine = absl::StrCat(options_.run_dir, "/m/", spec.machine_id);
  const std::string guest = absl::StrCat(machine, "/guest");
  if (absl::Status made = MakeDirectory(machine, 0700); !made.ok()) return made;
  // The machine's root is another user of the host, and reaches the directory by a descriptor alone: `machine` is 0700.
  if (absl::Status made = MakeDirectory(guest, 0711); !made.ok()) return made;
  if (absl::Status made = MakeDirectory(absl::StrCat(machine, "/b"), 0700); !made.ok()) return made;
  if (absl::Status made = MakeDirectory(directory, 0700); !made.ok()) return made;
  RunnerOrder order = {.machine_id = spec.machine_id,
                       .boot_id = spec.boot_id,
                       .hostname = spec.hostname,
                       .image = spec.image,
                       .rootfs = image.rootfs,
                       .image_defaults = image.defaults,
                       .guest_directory = guest,
                       .private_network = options_.private_network,
                       .limits = spec.limits,
                       .hidden_paths = options_.hidden_paths};
  order.hidden_paths.push_back(options_.run_dir);
  if (!options_.control_group.empty()) order.control_group = absl::StrCat(options_.control_group, "/", spec.boot_id);
  if (!IsRootless()) {
    absl::MutexLock lock(&ranges_mu_);
    absl::StatusOr<uint32_t> first = ranges_.Take(spec.machine_id);
    if (!first.ok()) return absl::UnavailableError(first.status().message());
    order.first_host_id = *first;
  }
  if (absl::Status wrote = WriteFileDurably(directory, kOrderFile, EncodeOrder(order)); !wrote.ok()) return wrote;
  absl::Status launched = LaunchInit(options_.init_path, {"runner", directory}, options_.start_timeout);
  if (!launched.ok()) return launched;
  return FollowRunner(spec.machine_id, spec.boot_id, directory);
}

// For a boot that has a runner.json: its end will be told, even if it has come already.
absl::StatusOr<RunningBoot> ProcessRuntime::FollowRunner(absl::string_view machine_id, absl::string_view boot_id,
                                                         const std::string& directory) {
  absl::StatusOr<RunnerRecord> record = ReadRecord(directory);
  if (!record.ok()) return record.status();
  absl::StatusOr<int> pidfd = OpenProcess(record->runner);
  if (absl::IsNotFound(pidfd.status())) pidfd = eventfd(1, EFD_CLOEXEC);  // readable, as the pidfd would be
  if (!pidfd.ok()) return pidfd.status();
  if (absl::Status followed = watcher_.Follow(machine_id, boot_id, directory, *pidfd); !followed.ok()) return followed;
  return ToRunningBoot(*record);
}

absl::StatusOr<BootObservation> ProcessRuntime::Observe(absl::string_view machine_id, absl::string_view boot_id) {
  const std::string directory = BootDirectory(machine_id, boot_id);
  const absl::Time give_up = clock_.Now() + options_.start_timeout;
  absl::StatusOr<RunnerRecord> record = ReadRecord(directory);
  // A runner of a flyd that died meanwhile is still setting its machine up.
  while (absl::IsNotFound(record.status()) && HasRunner(directory) && clock_.Now() < give_up) {
    absl::SleepFor(absl::Milliseconds(5));
    record = ReadRecord(directory);
  }
  if (absl::IsNotFound(record.status())) {
    if (HasRunner(directory)) return absl::UnavailableError("runner: not recorded yet, want runner.json");
    return BootObservation();
  }
  if (!record.ok()) return record.status();
  absl::StatusOr<int> pidfd = OpenProcess(record->runner);
  if (absl::IsNotFound(pidfd.status())) {
    (void)RemoveGroup(directory);  // of a runner that was killed; where it cannot be removed now it is with the boot
    return BootObservation(ReadBootExit(directory, clock_.Now()));
  }
  if (!pidfd.ok()) return pidfd.status();
  if (absl::Status followed = watcher_.Follow(machine_id, boot_id, directory, *pidfd); !followed.ok()) return followed;
  return BootObservation(ToRunningBoot(*record));
}

absl::Status ProcessRuntime::Signal(absl::string_view machine_id, absl::string_view boot_id, int signal) {
  const std::string directory = BootDirectory(machine_id, boot_id);
  absl::StatusOr<RunnerRecord> record = ReadRecord(directory);
  if (!record.ok()) return record.status();
  absl::StatusOr<ExecResult> sent =
      CallRunner(directory, {.op = ControlRequest::Op::kSignal, .signal = signal}, kSignalPatience);
  if (sent.ok()) return absl::OkStatus();
  absl::StatusOr<int> alive = OpenProcess(record->runner);
  if (absl::IsNotFound(alive.status())) return absl::OkStatus();
  if (alive.ok()) close(*alive);
  if (signal != SIGKILL) return sent.status();
  // A runner that does not listen: its machine ends without it. One that is stopped would never tell: it ends too, and
  // the kernel kills the machine with it.
  if (absl::Status killed = Kill(record->init); !killed.ok()) return killed;
  return sent.status().message() == "runner: silent until the deadline, want its reply" ? Kill(record->runner)
                                                                                        : absl::OkStatus();
}

absl::StatusOr<ExecResult> ProcessRuntime::Ask(absl::string_view machine_id, absl::string_view boot_id,
                                               const ControlRequest& request, absl::Duration patience) {
  const std::string directory = BootDirectory(machine_id, boot_id);
  absl::StatusOr<RunnerRecord> record = ReadRecord(directory);
  absl::StatusOr<int> alive = record.ok() ? OpenProcess(record->runner) : record.status();
  if (!alive.ok()) return absl::FailedPreconditionError(absl::StrCat("boot ", boot_id, ": not running, want it running"));
  close(*alive);
  return CallRunner(directory, request, patience);
}

absl::StatusOr<ExecResult> ProcessRuntime::Exec(absl::string_view machine_id, absl::string_view boot_id,
                                                const ExecRequest& request) {
  return Ask(machine_id, boot_id, {.op = ControlRequest::Op::kExec, .exec = request}, request.timeout + kExecMargin);
}

absl::Status ProcessRuntime::Suspend(absl::string_view machine_id, absl::string_view boot_id) {
  return Ask(machine_id, boot_id, {.op = ControlRequest::Op::kSuspend}, kSuspendPatience).status();
}

absl::Status ProcessRuntime::Resume(absl::string_view machine_id, absl::string_view boot_id) {
  return Ask(machine_id, boot_id, {.op = ControlRequest::Op::kResume}, kResumePatience).status();
}

absl::StatusOr<std::vector<BootName>> ProcessRuntime::Boots(absl::string_view machine_id) {
  return ListBoots(options_.run_dir, machine_id);
}

absl::Status ProcessRuntime::Remove(absl::string_view machine_id, absl::string_view boot_id) {
  absl::StatusOr<BootObservation> seen = Observe(machine_id, boot_id);
  if (!seen.ok()) return seen.status();
  if (std::holds_alternative<RunningBoot>(*seen)) {
    return absl::FailedPreconditionError(absl::StrCat("boot ", boot_id, ": running, want it ended"));
  }
  const std::string directory = BootDirectory(machine_id, boot_id);
  // What a runner that was killed could not remove.
  if (absl::Status removed = RemoveGroup(directory); !removed.ok()) return removed;
  std::error_code error;
  fs::remove_all(directory, error);
  if (error) return absl::UnavailableError(absl::StrCat(directory, ": ", error.message()));
  fs::remove(fs::path(directory).parent_path(), error);  // refused while another boot is there
  absl::MutexLock lock(&ranges_mu_);
  if (!error) ranges_.Release(machine_id);
  return absl::OkStatus();
}

void ProcessRuntime::MarkFenced(absl::string_view machine_id, absl::string_view boot_id, bool fenced) {
  WriteFenceMark(BootDirectory(machine_id, boot_id), fenced);
}

bool ProcessRuntime::IsMarkedFenced(absl::string_view machine_id, absl::string_view boot_id) const {
  return HasFenceMark(BootDirectory(machine_id, boot_id));
}

}  // namespace flyd
