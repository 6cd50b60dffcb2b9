#ifndef FLYD_RUNTIME_EXTERNAL_RUNTIME_H_
#define FLYD_RUNTIME_EXTERNAL_RUNTIME_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "flyd/runtime/boot_control.h"
#include "flyd/runtime/runtime.h"

namespace flyd {

// Boots that somebody else runs: the platform's own supervisor (a systemd unit, Firecracker, QEMU, Nomad), to which flyd is
// an identity sidecar. It sees in the feed what is ordered, has the machine's socket RUN_DIR/m/ID/guest/api.sock, and tells
// of ends; docs/attach.md.
//
// What is known of a boot stands in RUN_DIR/m/ID/b/BOOT/order.json (ordered) and exit.json (ended), so that it outlives
// flyd. Thread-safe.
class ExternalRuntime final : public Runtime, public BootControl {
 public:
  // `sink` is called from ReportExit.
  ExternalRuntime(std::string run_dir, ExitSink sink) : run_dir_(std::move(run_dir)), sink_(std::move(sink)) {}

  // The boot has ended. Durable when it returns; told again, the first word stands. NotFound: no such boot was ordered.
  absl::Status ReportExit(absl::string_view machine_id, absl::string_view boot_id, const BootExit& exit)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Makes the machine's folders; the supervisor does the rest.
  absl::StatusOr<RunningBoot> Start(const BootSpec& spec) override ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<BootObservation> Observe(absl::string_view machine_id, absl::string_view boot_id) override;
  // OK: the supervisor sees the order that this is part of.
  absl::Status Signal(absl::string_view machine_id, absl::string_view boot_id, int signal) override;
  absl::StatusOr<std::vector<BootName>> Boots(absl::string_view machine_id) override;
  absl::Status Remove(absl::string_view machine_id, absl::string_view boot_id) override ABSL_LOCKS_EXCLUDED(mu_);

  // FailedPrecondition: that is the supervisor's to do.
  absl::Status Suspend(absl::string_view machine_id, absl::string_view boot_id) override;
  absl::Status Resume(absl::string_view machine_id, absl::string_view boot_id) override;
  void MarkFenced(absl::string_view machine_id, absl::string_view boot_id, bool fenced) override;
  bool IsMarkedFenced(absl::string_view machine_id, absl::string_view boot_id) const override;
  absl::StatusOr<ExecResult> Exec(absl::string_view machine_id, absl::string_view boot_id,
                                  const ExecRequest& request) override;

 private:
  std::string BootDirectory(absl::string_view machine_id, absl::string_view boot_id) const;

  const std::string run_dir_;
  const ExitSink sink_;
  absl::Mutex mu_;  // between looking at a boot's files and writing them
};

}  // namespace flyd

#endif  // FLYD_RUNTIME_EXTERNAL_RUNTIME_H_
