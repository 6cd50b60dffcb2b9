#include "flyd/control/report_boot.h"

#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"
#include "flyd/supervisor/machine_refusals.h"
#include "tokensvc/rpc/error_details.h"

namespace flyd {
namespace {

namespace pb = fly::machines::v1;
using storage::MachineRecord;

constexpr size_t kMostErrorBytes = 256;
constexpr uint64_t kMostEventsOfABoot = 256;
// A platform's clock may be this much ahead of the worker's.
constexpr absl::Duration kMostAhead = absl::Minutes(1);

absl::StatusOr<BootExit> ParseExit(const pb::ExitReport& report, absl::Time now) {
  if (report.exit_code() < 0 || report.exit_code() > 255) {
    return absl::InvalidArgumentError(absl::StrCat("exited.exit_code: ", report.exit_code(), ", want 0..255"));
  }
  if (report.signal() < 0 || report.signal() > 64) {
    return absl::InvalidArgumentError(absl::StrCat("exited.signal: ", report.signal(), ", want 0..64"));
  }
  if (report.error().size() > kMostErrorBytes) {
    return absl::InvalidArgumentError(absl::StrCat("exited.error: ", report.error().size(), " bytes, want at most ", kMostErrorBytes));
  }
  const int64_t latest = absl::ToUnixMillis(now + kMostAhead);
  if (report.exited_unix_ms() < 0 || report.exited_unix_ms() > latest) {
    return absl::InvalidArgumentError(
        absl::StrCat("exited.exited_unix_ms: ", report.exited_unix_ms(), ", want 0..", latest, ", a minute from now"));
  }
  return BootExit{.exit_code = report.exit_code(),
                  .signal = report.signal(),
                  .oom_killed = report.oom_killed(),
                  .exited_at = report.exited_unix_ms() == 0 ? now : absl::FromUnixMillis(report.exited_unix_ms()),
                  .error = report.error()};
}

bool SaysNothing(const BootExit& exit) {
  return exit.exit_code == 0 && exit.signal == 0 && !exit.oom_killed && exit.error.empty();
}

// What the boot's PID 1 told of its end, if it did: whoever runs a virtual machine sees only that it is gone.
absl::StatusOr<BootExit> OwnWord(const storage::MachineHistory& history, const MachineRecord& record, BootExit exit) {
  const uint64_t before = record.event_sequence > kMostEventsOfABoot ? record.event_sequence - kMostEventsOfABoot : 0;
  const auto events = history.Events(record.id, before, kMostEventsOfABoot);
  if (!events.ok()) return events.status();
  for (auto event = events->rbegin(); event != events->rend() && event->type != "start"; ++event) {
    if (event->type != kExitingEvent || !event->exit.has_value()) continue;
    exit.exit_code = event->exit->exit_code;
    exit.signal = event->exit->signal;
    exit.error = event->exit->error;
    return exit;
  }
  if (record.state == MachineState::kStarting) {
    exit.exit_code = 255;
    exit.error = "machine: ended before it was started, without a word of why";
  }
  return exit;
}

absl::Status TakeStart(Supervisor& supervisor, const pb::ReportBootRequest& request) {
  const absl::StatusOr<std::shared_ptr<const BootView>> view = supervisor.PresentBoot(request.id());
  if (!view.ok()) return view.status();
  return supervisor.ReportFromInit(**view, "started", "");
}

}  // namespace

absl::StatusOr<MachineRecord> ReportBoot(Supervisor& supervisor, ExternalRuntime* external,
                                         const storage::MachineStore& store, const storage::MachineHistory& history,
                                         const pb::ReportBootRequest& request, absl::Time now) {
  if (external == nullptr) {
    return tokensvc::WithReason(absl::FailedPreconditionError("runtime: runs the machines itself, want EXTERNAL"),
                                "RUNTIME_MISMATCH");
  }
  absl::StatusOr<MachineRecord> record = store.Get(request.id());
  if (!record.ok()) return OfMachine(record.status(), request.id());
  if (!record->boot.has_value() || record->boot->boot_id != request.boot_id()) {
    return tokensvc::WithReason(
        absl::AbortedError(absl::StrCat("machine ", request.id(), ": boot ",
                                        record->boot.has_value() ? record->boot->boot_id : "none", ", want the reported ",
                                        request.boot_id().substr(0, 32))),
        "BOOT_MISMATCH");
  }
  if (request.has_exited()) {
    absl::StatusOr<BootExit> exit = ParseExit(request.exited(), now);
    if (exit.ok() && SaysNothing(*exit)) exit = OwnWord(history, *record, *exit);
    if (!exit.ok()) return exit.status();
    if (absl::Status told = external->ReportExit(request.id(), request.boot_id(), *exit); !told.ok()) return told;
  } else if (request.has_started()) {
    if (record->state != MachineState::kStarting) return record;  // it has been told
    if (absl::Status told = TakeStart(supervisor, request); !told.ok()) return told;
  } else {
    return absl::InvalidArgumentError("what: neither started nor exited, want one");
  }
  return store.Get(request.id());
}

}  // namespace flyd
