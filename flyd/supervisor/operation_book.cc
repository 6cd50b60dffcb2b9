#include "flyd/supervisor/operation_book.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "flyd/supervisor/boot_answer_codec.h"
#include "flyd/supervisor/restart_policy.h"

namespace flyd {

// Whoever follows a machine's output has this long to read its end, until it is removed.
constexpr absl::Duration kLastWords = absl::Seconds(2);

using storage::MachineRecord;
using storage::MachineState;

void OperationBook::SetState(Change& change, MachineState state) {
  change.record.state = state;
  if (!change.events.empty()) change.events.back().state = state;
}

void OperationBook::Apply(Change& change, MachineEvent event) {
  if (const std::optional<MachineState> next = Next(change.record.state, event)) SetState(change, *next);
}

absl::Status OperationBook::Begin(Change& change, const std::optional<Operation>& present,
                                  const OperationOrder& order) const {
  if (present.has_value()) Finish(change, *present, absl::StrCat(KindName(order.kind), ": took its place"));
  Operation operation{.id = tokensvc::NewUlid(ids_, clock_.Now()),
                      .kind = std::string(KindName(order.kind)),
                      .source = std::string(order.source),
                      .created_at = clock_.Now(),
                      .signal = order.signal,
                      .timeout = order.timeout,
                      .error = order.error};
  if (absl::Status entered = Enter(change, std::move(operation), order.step); !entered.ok()) return entered;
  (*change.operation)->step_at += order.delay;
  return absl::OkStatus();
}

absl::Status OperationBook::Enter(Change& change, Operation operation, OperationStep step) const {
  const StepRule& rule = RuleOf(step);
  const absl::Time now = clock_.Now();
  operation.step = std::string(rule.name);
  operation.attempts = 0;
  operation.step_at = now;
  operation.deadline = absl::InfiniteFuture();
  if (!rule.has_effect && rule.seconds >= 0) {
    operation.deadline = now + (rule.seconds == 0 ? operation.timeout : absl::Seconds(rule.seconds));
  }
  if (step == OperationStep::kLaunch) {
    if (absl::Status begun = boots_.Begin(change.record); !begun.ok()) return begun;
    // One that is starting already begins again: its last boot could not.
    if (const auto next = Next(change.record.state, MachineEvent::kStart)) change.record.state = *next;
    change.events.push_back({.type = "start",
                             .state = change.record.state,
                             .source = operation.kind == KindName(OperationKind::kStart) ? operation.source : "flyd",
                             .at = now});
  }
  change.operation.emplace(std::move(operation));
  return absl::OkStatus();
}

void OperationBook::Finish(Change& change, const Operation& operation, absl::string_view error) const {
  change.record.last_operation = storage::FinishedOperation{
      .id = operation.id, .kind = operation.kind, .error = std::string(error), .finished_at = clock_.Now()};
  change.operation.emplace(std::nullopt);
}

absl::Status OperationBook::Relaunch(Change& change, const std::optional<Operation>& present,
                                     absl::Duration delay) const {
  Apply(change, MachineEvent::kRestart);
  return Begin(change, present,
               {.kind = OperationKind::kRelaunch, .step = OperationStep::kBackoff, .source = "flyd", .delay = delay});
}

absl::Status OperationBook::AfterEnd(Change& change, const std::optional<Operation>& present, MachineEvent ended,
                                     absl::string_view error, bool may_restart) const {
  MachineRecord& record = change.record;
  const std::string& config = record.boot->version.config;
  const absl::Duration ran = record.boot->exit->exited_at - record.boot->started_at;
  RestartDecision decision{.restarts = record.restarts};
  if (may_restart) decision = DecideRestart(RestartSettingsOf(config), *record.boot->exit, record.restarts, ran);
  record.restarts = decision.restarts;
  if (decision.verdict == RestartDecision::Verdict::kRestart) return Relaunch(change, present, decision.delay);
  const bool gives_up = decision.verdict == RestartDecision::Verdict::kGiveUp;
  if (may_restart && !gives_up && WantsAutoDestroy(config)) {
    Apply(change, MachineEvent::kKill);
    return Begin(change, present,
                 {.kind = OperationKind::kDestroy, .step = OperationStep::kRemove, .source = "flyd", .delay = kLastWords});
  }
  Apply(change, gives_up ? MachineEvent::kRefused : ended);
  if (gives_up) change.events.back().detail = absl::StrCat("restarts: ", record.restarts, ", the policy allows no more");
  if (present.has_value()) Finish(change, *present, error);
  return absl::OkStatus();
}

}  // namespace flyd
