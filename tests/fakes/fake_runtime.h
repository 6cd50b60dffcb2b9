#ifndef TESTS_FAKES_FAKE_RUNTIME_H_
#define TESTS_FAKES_FAKE_RUNTIME_H_

#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "flyd/runtime/runtime.h"

namespace tests {

// A Runtime without processes: a boot runs from Start until a signal or End. It outlives the supervisor, as machines do.
// Thread-safe.
class FakeRuntime final : public flyd::Runtime {
 public:
  // Who hears of ends from now on; null: nobody, as while flyd is away.
  void SetSink(flyd::ExitSink sink) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    sink_ = std::move(sink);
  }
  void RefuseStarts(absl::Status why) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    refusal_ = std::move(why);
  }
  // The workload takes no notice of signals but SIGKILL.
  void IgnoreSignals() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    ignores_signals_ = true;
  }
  int starts() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return starts_;
  }

  void End(const std::string& machine_id, const std::string& boot_id, const flyd::BootExit& exit)
      ABSL_LOCKS_EXCLUDED(mu_) {
    flyd::ExitSink sink;
    {
      absl::MutexLock lock(&mu_);
      auto& boot = boots_[boot_id];
      if (std::holds_alternative<flyd::BootExit>(boot)) return;
      boot = exit;
      sink = sink_;
    }
    if (sink) sink(machine_id, boot_id, exit);
  }

  absl::StatusOr<flyd::RunningBoot> Start(const flyd::BootSpec& spec) override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (!refusal_.ok()) return refusal_;
    auto& boot = boots_[spec.boot_id];
    if (std::holds_alternative<std::monostate>(boot)) {
      ++starts_;
      boot = flyd::RunningBoot{.runner_pid = 1000 + starts_, .runner_start_ticks = 1, .host_boot_id = "h"};
    }
    if (const auto* running = std::get_if<flyd::RunningBoot>(&boot)) return *running;
    return absl::FailedPreconditionError("boot: has ended already");
  }

  absl::StatusOr<flyd::BootObservation> Observe(absl::string_view, absl::string_view boot_id) override
      ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return boots_[std::string(boot_id)];
  }

  absl::Status Signal(absl::string_view machine_id, absl::string_view boot_id, int signal) override
      ABSL_LOCKS_EXCLUDED(mu_) {
    {
      absl::MutexLock lock(&mu_);
      if (ignores_signals_ && signal != 9) return absl::OkStatus();
    }
    End(std::string(machine_id), std::string(boot_id), {.exit_code = 128 + signal, .signal = signal});
    return absl::OkStatus();
  }

  absl::StatusOr<flyd::ExecResult> Exec(absl::string_view, absl::string_view, const flyd::ExecRequest&) override {
    return flyd::ExecResult{};
  }
  absl::Status Remove(absl::string_view, absl::string_view boot_id) override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    boots_.erase(std::string(boot_id));
    return absl::OkStatus();
  }

 private:
  mutable absl::Mutex mu_;
  flyd::ExitSink sink_ ABSL_GUARDED_BY(mu_);
  absl::Status refusal_ ABSL_GUARDED_BY(mu_);
  bool ignores_signals_ ABSL_GUARDED_BY(mu_) = false;
  int starts_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<std::string, flyd::BootObservation> boots_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tests

#endif  // TESTS_FAKES_FAKE_RUNTIME_H_
