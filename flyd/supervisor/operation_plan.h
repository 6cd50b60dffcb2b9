#ifndef FLYD_SUPERVISOR_OPERATION_PLAN_H_
#define FLYD_SUPERVISOR_OPERATION_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// What each operation does, as tables: its steps in their order, and of each step how long it may take and what follows
// where it does not succeed. Pure.
//
// The step stands in the store before it is done and until what came of it is stored: a supervisor that was killed does
// the step again. So each effect is idempotent for its boot, or fenced by it.
namespace flyd {

enum class OperationKind : uint8_t {
  kStart,     // a new boot
  kStop,      // the boot ends, by its signal or by force
  kRestart,   // the boot ends and another begins
  kUpdate,    // the same, with a new version
  kRelaunch,  // another boot after a while, by the restart policy
  kSuspend,
  kResume,
  kDestroy,
  kAbandon,  // a start that took too long, or was cancelled: its boot is killed
};

enum class OperationStep : uint8_t {
  kBackoff,       // wait until it is due
  kSignal,        // ask the workload to end
  kAwaitExit,     // as long as the stop's timeout
  kKill,          // end the whole machine
  kAwaitKilled,   //
  kLaunch,        // publish the boot, open its socket, start its runner
  kAwaitStarted,  // PID 1 reports
  kFreeze,
  kThaw,
  kRemove,  // what the host keeps of the machine
};

// Whether a step's effect may take as long as an image's way here, or PID 1's for its tokens. What ends something never
// waits behind one.
constexpr bool TakesLong(OperationStep step) {
  return step == OperationStep::kLaunch || step == OperationStep::kFreeze || step == OperationStep::kThaw;
}

// What happens where a step's attempts or time have run out.
enum class OnFailure : uint8_t {
  kGoOn,    // the next step deals with it
  kRepeat,  // there is no other way: again, with backoff
  kKill,    // back to the kill
  kFail,    // the operation ends with the error
};

struct StepRule {
  OperationStep step;
  absl::string_view name;  // persisted; never changed
  bool has_effect;         // false: it only waits for something to happen
  uint32_t attempts;       // of the effect
  int seconds;             // of waiting; 0: the operation's own timeout; -1: none
  OnFailure on_failure;
};

namespace internal {

using K = OperationKind;
using P = OperationStep;

inline constexpr StepRule kStepRules[] = {
    {P::kBackoff, "backoff", false, 0, -1, OnFailure::kGoOn},
    {P::kSignal, "signal", true, 3, -1, OnFailure::kGoOn},
    {P::kAwaitExit, "await_exit", false, 0, 0, OnFailure::kGoOn},
    {P::kKill, "kill", true, 1, -1, OnFailure::kRepeat},
    {P::kAwaitKilled, "await_killed", false, 0, 10, OnFailure::kKill},
    {P::kLaunch, "launch", true, 3, -1, OnFailure::kFail},
    {P::kAwaitStarted, "await_started", false, 0, 60, OnFailure::kFail},
    {P::kFreeze, "freeze", true, 3, -1, OnFailure::kFail},
    {P::kThaw, "thaw", true, 3, -1, OnFailure::kFail},
    {P::kRemove, "remove", true, 1, -1, OnFailure::kRepeat},
};

struct PlanRow {
  K kind;
  absl::string_view name;  // persisted; never changed
  P steps[6];
  size_t count;
};

inline constexpr PlanRow kPlans[] = {
    {K::kStart, "start", {P::kLaunch, P::kAwaitStarted}, 2},
    {K::kStop, "stop", {P::kSignal, P::kAwaitExit, P::kKill, P::kAwaitKilled}, 4},
    {K::kRestart,
     "restart",
     {P::kSignal, P::kAwaitExit, P::kKill, P::kAwaitKilled, P::kLaunch, P::kAwaitStarted},
     6},
    {K::kUpdate, "update", {P::kSignal, P::kAwaitExit, P::kKill, P::kAwaitKilled, P::kLaunch, P::kAwaitStarted}, 6},
    {K::kRelaunch, "relaunch", {P::kBackoff, P::kLaunch, P::kAwaitStarted}, 3},
    {K::kSuspend, "suspend", {P::kFreeze}, 1},
    {K::kResume, "resume", {P::kThaw}, 1},
    {K::kDestroy, "destroy", {P::kKill, P::kAwaitKilled, P::kRemove}, 3},
    {K::kAbandon, "abandon", {P::kKill, P::kAwaitKilled}, 2},
};

constexpr bool RowsStandAtTheirNumbers() {
  for (size_t i = 0; i < sizeof kStepRules / sizeof kStepRules[0]; ++i) {
    if (static_cast<size_t>(kStepRules[i].step) != i) return false;
  }
  for (size_t i = 0; i < sizeof kPlans / sizeof kPlans[0]; ++i) {
    if (static_cast<size_t>(kPlans[i].kind) != i) return false;
  }
  return true;
}
static_assert(RowsStandAtTheirNumbers(), "a row is not where its number looks for it");

}  // namespace internal

constexpr const StepRule& RuleOf(OperationStep step) { return internal::kStepRules[static_cast<size_t>(step)]; }
constexpr absl::string_view KindName(OperationKind kind) { return internal::kPlans[static_cast<size_t>(kind)].name; }
constexpr OperationStep FirstStep(OperationKind kind) { return internal::kPlans[static_cast<size_t>(kind)].steps[0]; }

// The step after `step`; nullopt: it was the last.
constexpr std::optional<OperationStep> StepAfter(OperationKind kind, OperationStep step) {
  const internal::PlanRow& plan = internal::kPlans[static_cast<size_t>(kind)];
  for (size_t i = 0; i + 1 < plan.count; ++i) {
    if (plan.steps[i] == step) return plan.steps[i + 1];
  }
  return std::nullopt;
}

// Whether the step is there to end a boot: the boot's end leads past all of them.
constexpr bool EndsABoot(OperationStep step) {
  return step == OperationStep::kSignal || step == OperationStep::kAwaitExit || step == OperationStep::kKill ||
         step == OperationStep::kAwaitKilled;
}

// Reads what KindName and RuleOf(…).name wrote; nullopt for anything else.
constexpr std::optional<OperationKind> KindNamed(absl::string_view name) {
  for (const internal::PlanRow& plan : internal::kPlans) {
    if (plan.name == name) return plan.kind;
  }
  return std::nullopt;
}
constexpr std::optional<OperationStep> StepNamed(absl::string_view name) {
  for (const StepRule& rule : internal::kStepRules) {
    if (rule.name == name) return rule.step;
  }
  return std::nullopt;
}

// How long to wait before attempt number `attempts` + 1: doubles from 100 ms to 5 s.
inline absl::Duration RetryDelay(uint32_t attempts) {
  absl::Duration delay = absl::Milliseconds(100);
  for (uint32_t i = 1; i < attempts && delay < absl::Seconds(5); ++i) delay *= 2;
  return delay < absl::Seconds(5) ? delay : absl::Seconds(5);
}

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_OPERATION_PLAN_H_
