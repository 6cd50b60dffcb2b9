#ifndef FLYD_SUPERVISOR_BOOT_GATE_H_
#define FLYD_SUPERVISOR_BOOT_GATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flyd/runtime/runtime.h"
#include "tokensvc/claims/identity_claims.h"

namespace flyd {

// The boot of a machine that may mint now, as the supervisor holds it. Immutable: a request keeps the one it began with.
struct BootView {
  std::string machine_id;
  std::string machine_name;
  uint64_t organization_id = 0;
  std::string organization_slug;
  uint64_t app_id = 0;
  std::string app_name;
  std::string region;
  std::string boot_id;
  std::string version;  // of the boot, never the desired one
  std::string image;
  std::string image_digest;
  uint64_t generation = 0;
  std::string placement;         // serialized SignedPlacement
  std::string placement_sha256;  // 32 bytes
  std::string macaroon_kid;
  std::string macaroon_rnd;  // 16 bytes: the boot's nonce
  uint64_t epoch = 0;        // see BootGate::Release
  tokensvc::SubjectScope subject_scope = tokensvc::SubjectScope::kMachine;  // of the placement
  bool booting = false;      // state `starting`: the sign deadline is 10 s instead of 2 s
  bool aws_principal_tags = false;
  std::map<std::string, std::string> metadata;  // the machine's, as they are now
};

// What a boot is asked for: an identity, or to hear what its PID 1 has to tell, which it may until it has ended.
enum class BootUse { kMint, kReport };

// What the guest gate asks of the supervisor. Thread-safe.
class BootGate {
 public:
  virtual ~BootGate() = default;

  // The machine's boot. FailedPrecondition: none may mint (not starting or started, or fenced already), or report.
  virtual absl::StatusOr<std::shared_ptr<const BootView>> BootOf(absl::string_view machine_id, BootUse use) = 0;
  absl::StatusOr<std::shared_ptr<const BootView>> PresentBoot(absl::string_view machine_id) {
    return BootOf(machine_id, BootUse::kMint);
  }

  // The answer of POST /boot (JSON), once for each boot and durably so. AlreadyExists: asked before, however long ago; the
  // supervisor has raised the alarm. FailedPrecondition: no boot waits for it.
  virtual absl::StatusOr<std::string> TakeBootAnswer(absl::string_view machine_id) = 0;

  // Runs `write` under the machine's lock if `view` is still its boot in the same epoch; else Aborted, and `write` has
  // not run. The epoch rises under that lock before Stop, Update, Destroy or a move becomes visible, so once one of
  // them has answered, nothing of the boot is written any more. `write` must not block nor call back.
  virtual absl::Status Release(const BootView& view, absl::FunctionRef<void()> write) = 0;

  // PID 1 reports what happened inside: type "started", "identity_unavailable"… with a detail for people.
  virtual absl::Status ReportFromInit(const BootView& view, absl::string_view type, absl::string_view detail) = 0;

  // PID 1 of a machine that somebody else runs reports how its workload ended. Durable when it returns; who runs the
  // machine tells later that it is gone.
  virtual absl::Status ReportEndFromInit(const BootView& view, const BootExit& end) = 0;
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_BOOT_GATE_H_
