#include "flyd/runtime/simulated_runtime.h"

#include <algorithm>
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

void SimulatedRuntime::LoseAnswers(int count) {
  absl::MutexLock lock(&mu_);
  lost_answers_ = count;
}

void SimulatedRuntime::LoseExits(int count) {
  absl::MutexLock lock(&mu_);
  lost_exits_ = count;
}

void SimulatedRuntime::IgnoreSignals(bool ignore) {
  absl::MutexLock lock(&mu_);
  ignores_signals_ = ignore;
}

int SimulatedRuntime::starts() const {
  absl::MutexLock lock(&mu_);
  return starts_;
}

std::vector<std::string> SimulatedRuntime::Running(absl::string_view machine_id) const {
  absl::MutexLock lock(&mu_);
  std::vector<std::string> running;
  for (const auto& [id, boot] : boots_) {
    if (boot.machine_id == machine_id && std::holds_alternative<RunningBoot>(boot.seen)) running.push_back(id);
  }
  return running;
}

bool SimulatedRuntime::IsSuspended(absl::string_view boot_id) const {
  absl::MutexLock lock(&mu_);
  const auto found = boots_.find(boot_id);
  return found != boots_.end() && found->second.suspended;
}

absl::Status SimulatedRuntime::Answer() {
  if (lost_answers_ == 0) return absl::OkStatus();
  --lost_answers_;
  return absl::UnavailableError("runtime: its answer was lost, want it");
}

void SimulatedRuntime::End(const std::string& machine_id, const std::string& boot_id, BootExit exit) {
  ExitSink sink;
  {
    absl::MutexLock lock(&mu_);
    const auto found = boots_.find(boot_id);
    if (found == boots_.end() || !std::holds_alternative<RunningBoot>(found->second.seen)) return;
    exit.exited_at = clock_.Now();
    found->second.seen = exit;
    if (lost_exits_ == 0) {
      sink = sink_;
    } else {
      --lost_exits_;
    }
  }
  if (sink) sink(machine_id, boot_id, exit);
}

absl::StatusOr<RunningBoot> SimulatedRuntime::Start(const BootSpec& spec) {
  absl::MutexLock lock(&mu_);
  if (!refusal_.ok()) return refusal_;
  Boot& boot = boots_[spec.boot_id];
  if (std::holds_alternative<std::monostate>(boot.seen)) {
    boot = Boot{.machine_id = spec.machine_id, .number = ++starts_, .seen = RunningBoot{.host_boot_id = "simulated"}};
  }
  if (absl::Status answer = Answer(); !answer.ok()) return answer;
  if (const RunningBoot* running = std::get_if<RunningBoot>(&boot.seen)) return *running;
  return absl::FailedPreconditionError(absl::StrCat("boot ", spec.boot_id, ": has ended, want a new one"));
}

absl::StatusOr<BootObservation> SimulatedRuntime::Observe(absl::string_view, absl::string_view boot_id) {
  absl::MutexLock lock(&mu_);
  const auto found = boots_.find(boot_id);
  return found == boots_.end() ? BootObservation() : found->second.seen;
}

absl::Status SimulatedRuntime::Signal(absl::string_view machine_id, absl::string_view boot_id, int signal) {
  {
    absl::MutexLock lock(&mu_);
    if (signal != SIGKILL && ignores_signals_) return Answer();
  }
  End(std::string(machine_id), std::string(boot_id), {.exit_code = 128 + signal, .signal = signal});
  absl::MutexLock lock(&mu_);
  return Answer();
}

absl::StatusOr<std::vector<BootName>> SimulatedRuntime::Boots(absl::string_view machine_id) {
  absl::MutexLock lock(&mu_);
  std::vector<std::pair<int, BootName>> numbered;
  for (const auto& [id, boot] : boots_) {
    if (machine_id.empty() || boot.machine_id == machine_id) numbered.push_back({boot.number, {boot.machine_id, id}});
  }
  std::sort(numbered.begin(), numbered.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<BootName> boots;
  for (auto& [number, name] : numbered) boots.push_back(std::move(name));
  return boots;
}

absl::Status SimulatedRuntime::Remove(absl::string_view, absl::string_view boot_id) {
  absl::MutexLock lock(&mu_);
  const auto found = boots_.find(boot_id);
  if (found == boots_.end()) return Answer();
  if (std::holds_alternative<RunningBoot>(found->second.seen)) {
    return absl::FailedPreconditionError(absl::StrCat("boot ", boot_id, ": running, want it ended"));
  }
  boots_.erase(found);
  return Answer();
}

absl::Status SimulatedRuntime::Hold(absl::string_view boot_id, bool suspended) {
  absl::MutexLock lock(&mu_);
  const auto found = boots_.find(boot_id);
  if (found == boots_.end() || !std::holds_alternative<RunningBoot>(found->second.seen)) {
    return absl::FailedPreconditionError(absl::StrCat("boot ", boot_id, ": not running, want it running"));
  }
  found->second.suspended = suspended;
  return Answer();
}

absl::Status SimulatedRuntime::Suspend(absl::string_view, absl::string_view boot_id) { return Hold(boot_id, true); }
absl::Status SimulatedRuntime::Resume(absl::string_view, absl::string_view boot_id) { return Hold(boot_id, false); }

absl::StatusOr<ExecResult> SimulatedRuntime::Exec(absl::string_view machine_id, absl::string_view,
                                                  const ExecRequest&) {
  return absl::FailedPreconditionError(absl::StrCat("machine ", machine_id, ": simulated, want the process runtime"));
}

void SimulatedRuntime::MarkFenced(absl::string_view, absl::string_view boot_id, bool fenced) {
  absl::MutexLock lock(&mu_);
  if (const auto boot = boots_.find(boot_id); boot != boots_.end()) boot->second.fenced = fenced;
}

bool SimulatedRuntime::IsMarkedFenced(absl::string_view, absl::string_view boot_id) const {
  absl::MutexLock lock(&mu_);
  const auto boot = boots_.find(boot_id);
  return boot != boots_.end() && boot->second.fenced;
}

}  // namespace flyd
