#ifndef FLYD_SUPERVISOR_MACHINE_STATE_H_
#define FLYD_SUPERVISOR_MACHINE_STATE_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "storage/machine_record.h"

// The whole life of a machine as one table. Pure: no clock, nothing to be done.
namespace flyd {

// What changes a machine's state.
enum class MachineEvent : uint8_t {
  kStart,     // ordered: a new boot is recorded
  kBooted,    // PID 1 reports that the workload runs, or it runs again
  kStop,      // ordered
  kRestart,   // ordered, or by the restart policy
  kUpdate,    // a new version is ordered
  kSuspend,   // ordered
  kFrozen,    // the workload stands still
  kResume,    // ordered
  kDestroy,   // ordered while nothing runs
  kKill,      // destruction ordered whatever runs
  kExited,    // the boot has ended
  kRefused,   // the runtime cannot start the boot, or the policy gives up
  kRemoved,   // nothing of the machine is left on the host
};

namespace internal {

using S = storage::MachineState;
using E = MachineEvent;

struct Transition {
  S from;
  E on;
  S to;
};

// A (state, event) pair not listed is refused.
inline constexpr Transition kTransitions[] = {
    {S::kCreated, E::kStart, S::kStarting},
    {S::kCreated, E::kUpdate, S::kCreated},  // taken at the next start
    {S::kCreated, E::kDestroy, S::kDestroying},
    {S::kCreated, E::kKill, S::kDestroying},

    {S::kStarting, E::kBooted, S::kStarted},
    {S::kStarting, E::kExited, S::kStopped},  // died before the workload was up
    {S::kStarting, E::kRefused, S::kFailed},
    {S::kStarting, E::kFrozen, S::kSuspended},  // a resumption that did not succeed
    {S::kStarting, E::kStop, S::kStopping},
    {S::kStarting, E::kRestart, S::kRestarting},
    {S::kStarting, E::kUpdate, S::kUpdating},
    {S::kStarting, E::kKill, S::kDestroying},

    {S::kStarted, E::kStop, S::kStopping},
    {S::kStarted, E::kExited, S::kStopped},  // ended by itself
    {S::kStarted, E::kRefused, S::kFailed},
    {S::kStarted, E::kRestart, S::kRestarting},
    {S::kStarted, E::kUpdate, S::kUpdating},
    {S::kStarted, E::kSuspend, S::kSuspending},
    {S::kStarted, E::kKill, S::kDestroying},

    {S::kStopping, E::kExited, S::kStopped},
    {S::kStopping, E::kUpdate, S::kStopping},  // taken at the next start
    {S::kStopping, E::kKill, S::kDestroying},

    {S::kStopped, E::kStart, S::kStarting},
    {S::kStopped, E::kUpdate, S::kStopped},
    {S::kStopped, E::kDestroy, S::kDestroying},
    {S::kStopped, E::kKill, S::kDestroying},

    {S::kFailed, E::kStart, S::kStarting},
    {S::kFailed, E::kStop, S::kStopping},
    {S::kFailed, E::kUpdate, S::kFailed},
    {S::kFailed, E::kDestroy, S::kDestroying},
    {S::kFailed, E::kKill, S::kDestroying},

    {S::kSuspending, E::kFrozen, S::kSuspended},
    {S::kSuspending, E::kBooted, S::kStarted},  // it could not be frozen
    {S::kSuspending, E::kExited, S::kStopped},
    {S::kSuspending, E::kRefused, S::kFailed},
    {S::kSuspending, E::kRestart, S::kRestarting},
    {S::kSuspending, E::kStop, S::kStopping},
    {S::kSuspending, E::kKill, S::kDestroying},

    {S::kSuspended, E::kResume, S::kStarting},
    {S::kSuspended, E::kExited, S::kStopped},
    {S::kSuspended, E::kRefused, S::kFailed},
    {S::kSuspended, E::kRestart, S::kRestarting},
    {S::kSuspended, E::kStop, S::kStopping},
    {S::kSuspended, E::kUpdate, S::kUpdating},
    {S::kSuspended, E::kKill, S::kDestroying},

    {S::kRestarting, E::kExited, S::kRestarting},  // the old boot is gone
    {S::kRestarting, E::kStart, S::kStarting},     // the new one is recorded
    {S::kRestarting, E::kRefused, S::kFailed},
    {S::kRestarting, E::kStop, S::kStopping},
    {S::kRestarting, E::kUpdate, S::kUpdating},
    {S::kRestarting, E::kKill, S::kDestroying},

    {S::kUpdating, E::kExited, S::kUpdating},
    {S::kUpdating, E::kStart, S::kStarting},
    {S::kUpdating, E::kUpdate, S::kUpdating},  // the newest version wins
    {S::kUpdating, E::kStop, S::kStopping},
    {S::kUpdating, E::kKill, S::kDestroying},

    {S::kDestroying, E::kExited, S::kDestroying},
    {S::kDestroying, E::kRemoved, S::kDestroyed},
};

constexpr bool IsDeterministic() {
  for (const Transition& a : kTransitions) {
    for (const Transition& b : kTransitions) {
      if (&a != &b && a.from == b.from && a.on == b.on) return false;
    }
  }
  return true;
}
static_assert(IsDeterministic(), "two rows share a state and an event");

constexpr bool IsFinal(S state) {
  for (const Transition& row : kTransitions) {
    if (row.from == state) return false;
  }
  return true;
}
static_assert(IsFinal(S::kDestroyed) && IsFinal(S::kMigrated), "a terminal state has a way out");

}  // namespace internal

// The state that `event` leads to from `state`; nullopt if it is refused.
constexpr std::optional<storage::MachineState> Next(storage::MachineState state, MachineEvent event) {
  for (const internal::Transition& row : internal::kTransitions) {
    if (row.from == state && row.on == event) return row.to;
  }
  return std::nullopt;
}

// Whether a boot runs or is about to: what the runtime knows must agree.
inline bool HasLiveBoot(const storage::MachineRecord& record) {
  return record.boot.has_value() && !record.boot->exit.has_value();
}

// Whether a live boot may have tokens in this state. A stopping machine may not: once Stop has answered, none leaves; nor
// may one that stands still. An updating or restarting one may: its old code goes on as what it is until it ends.
constexpr bool StateMayMint(storage::MachineState state) {
  return state == storage::MachineState::kStarting || state == storage::MachineState::kStarted ||
         state == storage::MachineState::kUpdating || state == storage::MachineState::kRestarting;
}

// Whether the machine rests here until somebody orders something or its workload ends.
constexpr bool IsPersistent(storage::MachineState state) {
  using enum storage::MachineState;
  return state == kCreated || state == kStarted || state == kStopped || state == kSuspended || state == kFailed ||
         state == kDestroyed || state == kMigrated;
}

// As in the public Machines API: "created", "started", …
constexpr absl::string_view StateName(storage::MachineState state) {
  using enum storage::MachineState;
  switch (state) {
    case kCreated: return "created";
    case kStarting: return "starting";
    case kStarted: return "started";
    case kStopping: return "stopping";
    case kStopped: return "stopped";
    case kSuspended: return "suspended";
    case kFailed: return "failed";
    case kRestarting: return "restarting";
    case kSuspending: return "suspending";
    case kUpdating: return "updating";
    case kDestroying: return "destroying";
    case kDestroyed: return "destroyed";
    case kMigrated: return "migrated";
  }
  return "unknown";
}

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_MACHINE_STATE_H_
