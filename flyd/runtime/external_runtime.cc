#include "flyd/runtime/external_runtime.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "flyd/files/durable_file.h"
#include "flyd/runtime/boot_files.h"
#include "flyd/runtime/boot_folders.h"
#include "flyd/runtime/fence_mark.h"

namespace flyd {
namespace {

absl::Status NotOurs(absl::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat(what, ": the machine is run by a supervisor of its own, want it asked"));
}

}  // namespace

std::string ExternalRuntime::BootDirectory(absl::string_view machine_id, absl::string_view boot_id) const {
  return absl::StrCat(run_dir_, "/m/", machine_id, "/b/", boot_id);
}

absl::StatusOr<BootObservation> ExternalRuntime::Observe(absl::string_view machine_id, absl::string_view boot_id) {
  const std::string directory = BootDirectory(machine_id, boot_id);
  const absl::StatusOr<std::string> ended = ReadWholeFile(absl::StrCat(directory, "/", kExitFile));
  if (ended.ok()) {
    absl::StatusOr<BootExit> exit = DecodeExit(*ended);
    if (!exit.ok()) return exit.status();
    return BootObservation(*std::move(exit));
  }
  if (!absl::IsNotFound(ended.status())) return ended.status();
  const absl::StatusOr<std::string> ordered = ReadWholeFile(absl::StrCat(directory, "/", kOrderFile));
  if (absl::IsNotFound(ordered.status())) return BootObservation();
  if (!ordered.ok()) return ordered.status();
  return BootObservation(RunningBoot{});
}

absl::StatusOr<RunningBoot> ExternalRuntime::Start(const BootSpec& spec) {
  absl::MutexLock lock(&mu_);
  const absl::StatusOr<BootObservation> seen = Observe(spec.machine_id, spec.boot_id);
  if (!seen.ok()) return seen.status();
  if (std::holds_alternative<BootExit>(*seen)) {
    return absl::FailedPreconditionError(absl::StrCat("boot ", spec.boot_id, ": has ended, want a new one"));
  }
  if (std::holds_alternative<RunningBoot>(*seen)) return RunningBoot{};
  const std::string directory = BootDirectory(spec.machine_id, spec.boot_id);
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return absl::UnavailableError(absl::StrCat(directory, ": ", error.message(), ", want to make it"));
  const RunnerOrder order = {.machine_id = spec.machine_id,
                             .boot_id = spec.boot_id,
                             .hostname = spec.hostname,
                             .image = spec.image,
                             .guest_directory = absl::StrCat(run_dir_, "/m/", spec.machine_id, "/guest")};
  if (absl::Status kept = WriteFileDurably(directory, kOrderFile, EncodeOrder(order)); !kept.ok()) return kept;
  return RunningBoot{};
}

absl::Status ExternalRuntime::ReportExit(absl::string_view machine_id, absl::string_view boot_id, const BootExit& exit) {
  {
    absl::MutexLock lock(&mu_);
    const absl::StatusOr<BootObservation> seen = Observe(machine_id, boot_id);
    if (!seen.ok()) return seen.status();
    if (std::holds_alternative<std::monostate>(*seen)) {
      return absl::NotFoundError(absl::StrCat("boot ", boot_id, " of machine ", machine_id, ": never ordered, want one that was"));
    }
    if (std::holds_alternative<RunningBoot>(*seen)) {
      const absl::Status kept = WriteFileDurably(BootDirectory(machine_id, boot_id), kExitFile, EncodeExit(exit));
      if (!kept.ok()) return kept;
    }
  }
  const absl::StatusOr<BootObservation> now = Observe(machine_id, boot_id);
  if (const BootExit* stands = now.ok() ? std::get_if<BootExit>(&*now) : nullptr) sink_(machine_id, boot_id, *stands);
  return now.status();
}

absl::Status ExternalRuntime::Signal(absl::string_view, absl::string_view, int) { return absl::OkStatus(); }

absl::StatusOr<std::vector<BootName>> ExternalRuntime::Boots(absl::string_view machine_id) {
  return ListBoots(run_dir_, machine_id);
}

absl::Status ExternalRuntime::Remove(absl::string_view machine_id, absl::string_view boot_id) {
  absl::MutexLock lock(&mu_);
  const absl::StatusOr<BootObservation> seen = Observe(machine_id, boot_id);
  if (!seen.ok()) return seen.status();
  if (std::holds_alternative<RunningBoot>(*seen)) {
    return absl::FailedPreconditionError(absl::StrCat("boot ", boot_id, ": running, want it ended"));
  }
  std::error_code error;
  std::filesystem::remove_all(BootDirectory(machine_id, boot_id), error);
  if (error) return absl::UnavailableError(absl::StrCat(BootDirectory(machine_id, boot_id), ": ", error.message()));
  return absl::OkStatus();
}

absl::Status ExternalRuntime::Suspend(absl::string_view, absl::string_view) { return NotOurs("suspend"); }
absl::Status ExternalRuntime::Resume(absl::string_view, absl::string_view) { return NotOurs("resume"); }
absl::StatusOr<ExecResult> ExternalRuntime::Exec(absl::string_view, absl::string_view, const ExecRequest&) {
  return NotOurs("exec");
}

void ExternalRuntime::MarkFenced(absl::string_view machine_id, absl::string_view boot_id, bool fenced) {
  WriteFenceMark(BootDirectory(machine_id, boot_id), fenced);
}

bool ExternalRuntime::IsMarkedFenced(absl::string_view machine_id, absl::string_view boot_id) const {
  return HasFenceMark(BootDirectory(machine_id, boot_id));
}

}  // namespace flyd
