#ifndef FLYD_RUNTIME_SIMULATED_RUNTIME_H_
#define FLYD_RUNTIME_SIMULATED_RUNTIME_H_

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "flyd/runtime/boot_control.h"
#include "flyd/runtime/runtime.h"
#include "tokensvc/clock.h"

namespace flyd {

// A Runtime without processes: a boot runs from Start until a signal, or until End says so. For hosts without namespaces,
// where somebody else plays PID 1 on the machine's socket, and for tests, which script its faults.
//
// Deterministic: it has no threads and no randomness. It may outlive a supervisor, as machines do. Thread-safe.
class SimulatedRuntime final : public Runtime, public BootControl {
 public:
  // `clock` dates the exits; it is not owned and outlives this.
  explicit SimulatedRuntime(const tokensvc::Clock& clock) : clock_(clock) {}

  // Who hears of ends from now on; empty: nobody, as while flyd is away.
  void SetSink(ExitSink sink) ABSL_LOCKS_EXCLUDED(mu_);

  // Faults. Every later Start is refused so, until OkStatus.
  void RefuseStarts(absl::Status why) ABSL_LOCKS_EXCLUDED(mu_);
  // The next `count` calls of any kind that change something do it and answer Unavailable all the same: the answer is lost.
  void LoseAnswers(int count) ABSL_LOCKS_EXCLUDED(mu_);
  // Workloads take no notice of signals but SIGKILL.
  void IgnoreSignals(bool ignore = true) ABSL_LOCKS_EXCLUDED(mu_);
  // The next `count` ends are not told of.
  void LoseExits(int count) ABSL_LOCKS_EXCLUDED(mu_);
  // The workload ends by itself. Nothing where the boot has ended.
  void End(const std::string& machine_id, const std::string& boot_id, BootExit exit) ABSL_LOCKS_EXCLUDED(mu_);

  // Boots that were started, each counted once.
  int starts() const ABSL_LOCKS_EXCLUDED(mu_);
  // Boots of the machine that run now, suspended ones too.
  std::vector<std::string> Running(absl::string_view machine_id) const ABSL_LOCKS_EXCLUDED(mu_);
  bool IsSuspended(absl::string_view boot_id) const ABSL_LOCKS_EXCLUDED(mu_);

  absl::StatusOr<RunningBoot> Start(const BootSpec& spec) override ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<BootObservation> Observe(absl::string_view machine_id, absl::string_view boot_id) override
      ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Signal(absl::string_view machine_id, absl::string_view boot_id, int signal) override
      ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::vector<BootName>> Boots(absl::string_view machine_id) override ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Remove(absl::string_view machine_id, absl::string_view boot_id) override ABSL_LOCKS_EXCLUDED(mu_);

  absl::Status Suspend(absl::string_view machine_id, absl::string_view boot_id) override ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Resume(absl::string_view machine_id, absl::string_view boot_id) override ABSL_LOCKS_EXCLUDED(mu_);
  void MarkFenced(absl::string_view machine_id, absl::string_view boot_id, bool fenced) override ABSL_LOCKS_EXCLUDED(mu_);
  bool IsMarkedFenced(absl::string_view machine_id, absl::string_view boot_id) const override ABSL_LOCKS_EXCLUDED(mu_);
  // FailedPrecondition: there is nothing to run a program in.
  absl::StatusOr<ExecResult> Exec(absl::string_view machine_id, absl::string_view boot_id,
                                  const ExecRequest& request) override;

 private:
  struct Boot {
    std::string machine_id;
    int number = 0;  // of its start
    bool suspended = false;
    bool fenced = false;
    BootObservation seen;
  };

  absl::Status Hold(absl::string_view boot_id, bool suspended) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Answer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const tokensvc::Clock& clock_;
  mutable absl::Mutex mu_;
  ExitSink sink_ ABSL_GUARDED_BY(mu_);
  absl::Status refusal_ ABSL_GUARDED_BY(mu_);
  int lost_answers_ ABSL_GUARDED_BY(mu_) = 0;
  int lost_exits_ ABSL_GUARDED_BY(mu_) = 0;
  bool ignores_signals_ ABSL_GUARDED_BY(mu_) = false;
  int starts_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<std::string, Boot, std::less<>> boots_ ABSL_GUARDED_BY(mu_);  // by boot id
};

}  // namespace flyd

#endif  // FLYD_RUNTIME_SIMULATED_RUNTIME_H_
