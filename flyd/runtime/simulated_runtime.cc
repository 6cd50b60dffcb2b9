#include "flyd/runtime/simulated_runtime.h"

#include <csignal>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

namespace flyd {

void SimulatedRuntime::SetSink(ExitSink sink) {
  absl::MutexLock lock(&mu_);
  sink_ = std::move(sink);
}

void SimulatedRuntime::RefuseStarts(absl::Status why) {
  absl::MutexLock lock(&mu_);
  refusal_ = std::move(why);
}

void SimulatedRuntime::IgnoreSignals() {
  absl::MutexLock lock(&mu_);
  ignores_signals_ = true;
}

int SimulatedRuntime::starts() const {
  absl::MutexLock lock(&mu_);
  return starts_;
}

void SimulatedRuntime::End(const std::string& machine_id, const std::string& boot_id, BootExit exit) {
  ExitSink sink;
  {
    absl::MutexLock lock(&mu_);
    BootObservation& boot = boots_[boot_id];
    if (std::holds_alternative<BootExit>(boot)) return;
    exit.exited_at = clock_.Now();
    boot = exit;
    sink = sink_;
  }
  if (sink) sink(machine_id, boot_id, exit);
}

absl::StatusOr<RunningBoot> SimulatedRuntime::Start(const BootSpec& spec) {
  absl::MutexLock lock(&mu_);
  if (!refusal_.ok()) return refusal_;
  BootObservation& boot = boots_[spec.boot_id];
  if (std::holds_alternative<std::monostate>(boot)) {
    ++starts_;
    boot = RunningBoot{.host_boot_id = "simulated"};
  }
  if (const RunningBoot* running = std::get_if<RunningBoot>(&boot)) return *running;
  return absl::FailedPreconditionError(absl::StrCat("boot ", spec.boot_id, ": has ended, want a new one"));
}

absl::StatusOr<BootObservation> SimulatedRuntime::Observe(absl::string_view, absl::string_view boot_id) {
  absl::MutexLock lock(&mu_);
  const auto found = boots_.find(boot_id);
  return found == boots_.end() ? BootObservation() : found->second;
}

absl::Status SimulatedRuntime::Signal(absl::string_view machine_id, absl::string_view boot_id, int signal) {
  {
    absl::MutexLock lock(&mu_);
    if (ignores_signals_ && signal != SIGKILL) return absl::OkStatus();
  }
  End(std::string(machine_id), std::string(boot_id), {.exit_code = 128 + signal, .signal = signal});
  return absl::OkStatus();
}

absl::StatusOr<ExecResult> SimulatedRuntime::Exec(absl::string_view machine_id, absl::string_view,
                                                  const ExecRequest&) {
  return absl::FailedPreconditionError(absl::StrCat("machine ", machine_id, ": simulated, want the process runtime"));
}

absl::Status SimulatedRuntime::Remove(absl::string_view, absl::string_view boot_id) {
  absl::MutexLock lock(&mu_);
  const auto found = boots_.find(boot_id);
  if (found != boots_.end()) boots_.erase(found);
  return absl::OkStatus();
}

}  // namespace flyd
