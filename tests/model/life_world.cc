#include "tests/model/life_world.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/machines/v1/machines.pb.h"
#include "tests/fakes/test_placement.h"

namespace tests {
namespace {

using flyd::MachineState;
using storage::MachineRecord;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr int kMostSettlingSteps = 2000;
// A jump of the clock that is nothing's natural pace: somebody waited for a report that did not come.
constexpr absl::Duration kLongWait = absl::Seconds(30);

std::string ConfigOf(bool restarts_always) {
  fly::machines::v1::MachineConfig config;
  config.add_command("sleep");
  if (restarts_always) config.mutable_restart()->set_policy(fly::machines::v1::RestartConfig::ALWAYS);
  return config.SerializeAsString();
}

}  // namespace

LifePlacements::LifePlacements(absl::Time now) {
  for (int version = 1; version <= kVersions; ++version) {
    tokensvc::Placement placement = ExamplePlacement(key_, now);
    placement.identity.machine_version = absl::StrFormat("01HTGGC1TZ2JHK83J4AC0%05d", version);
    signed_.push_back(SignPlacement(placement, key_));
  }
}

LifeWorld::LifeWorld(const LifePlacements& placements, uint32_t seed, Cut cut)
    : placements_(placements), random_(seed), clock_(kNow), id_("148e21ea7e46e8") {
  restarts_always_ = random_() % 3 == 0;
  config_ = ConfigOf(restarts_always_);
  keyring_.Put(1, storage::SecretBytes(std::string(32, 'k'))).IgnoreError();
  store_.CutAt(cut.write, cut.where);
  Restart();
}

void LifeWorld::Expect(bool holds, const std::string& what) {
  if (!holds) broken_.push_back(what);
}

// With the events that came since the last line.
void LifeWorld::Tell(const std::string& what) {
  const auto operation = memory_.GetOperation(id_);
  told_.push_back(absl::StrCat(Record().event_sequence, " ", flyd::StateName(Record().state), " ",
                               operation.ok() ? absl::StrCat(operation->kind, "@", operation->step) : "-", ": ", what));
}

std::string LifeWorld::story() const {
  std::string story;
  const auto events = memory_.Events(id_, 0, SIZE_MAX);
  size_t next = 0;
  for (const std::string& line : told_) {
    for (; next < events->size() && static_cast<int>(next) < std::atoi(line.c_str()); ++next) {
      const storage::EventRecord& event = (*events)[next];
      absl::StrAppend(&story, "    event ", event.sequence, " ", event.type, " ", flyd::StateName(event.state), " by ",
                      event.source, " ", event.detail, "\n");
    }
    absl::StrAppend(&story, "  ", line, "\n");
  }
  return story;
}

MachineRecord LifeWorld::Record() const { return memory_.Get(id_).value_or(MachineRecord{}); }

void LifeWorld::Restart() {
  runtime_.SetSink(nullptr);
  supervisor_.reset();
  sockets_.CloseAll();
  scheduler_ = std::make_unique<StepScheduler>(clock_);
  supervisor_ = std::make_unique<flyd::Supervisor>(
      flyd::SupervisorParts{.store = store_,
                            .runtime = runtime_,
                            .control = runtime_,
                            .sockets = sockets_,
                            .keyring = keyring_,
                            .clock = clock_,
                            .ids = ids_,
                            .scheduler = *scheduler_,
                            .log = [](absl::string_view, absl::string_view, absl::string_view) {},
                            .admission = [](flyd::OperationKind, size_t) { return absl::OkStatus(); },
                            .on_lost = [](const absl::Status&) {}},
      flyd::WorkerIdentity{
          .worker = "w1",
          .key_epoch = 1,
          .placement_keys = {{.key_id = placements_.key().key_id(), .spki_der = placements_.key().spki_der()}}});
  runtime_.SetSink([this](absl::string_view machine, absl::string_view boot, const flyd::BootExit& exit) {
    supervisor_->operations().OnExit(machine, boot, exit);
  });
  const absl::Status recovered = supervisor_->Recover();
  Expect(recovered.ok() || store_.lost(), absl::StrCat("recover: ", recovered.message()));
}

void LifeWorld::RecoverFromLoss() {
  while (store_.lost()) {
    Tell("the store was lost");
    store_.Reopen();
    Restart();
  }
}

absl::Status LifeWorld::Send(const std::string& order, const flyd::Guard& guard) {
  if (order == "create") {
    return supervisor_->Create({.request = guard.request, .placement = placements_.Of(1), .config = config_}).status();
  }
  if (order == "start") return supervisor_->Start(id_, guard).status();
  if (order == "stop") return supervisor_->Stop(id_, guard, {}).status();
  if (order == "restart") return supervisor_->Restart(id_, guard, {}).status();
  if (order == "suspend") return supervisor_->Suspend(id_, guard).status();
  if (order == "update") {
    return supervisor_->Update(id_, guard, {.placement = placements_.Of(version_ + 1), .config = config_}).status();
  }
  return supervisor_->Destroy(id_, guard, /*force=*/true).status();
}

void LifeWorld::Order() {
  static const char* const kOrders[] = {"start", "start", "stop", "stop", "restart", "suspend", "suspend", "update", "destroy"};
  std::string order = !Exists() ? "create" : kOrders[random_() % (random_() % 4 == 0 ? 9 : 8)];
  if (order == "update" && version_ == LifePlacements::kVersions) order = "restart";
  const flyd::Guard guard{.request = {.id = absl::StrCat("r", ++requests_), .sha256 = order}};
  const auto ordered = [this, &order] {
    int count = 0;
    const auto events = memory_.Events(id_, 0, SIZE_MAX);
    for (const storage::EventRecord& event : *events) {
      count += event.source == "user" && (event.type == order || (order == "start" && event.type == "resume")) ? 1 : 0;
    }
    return count;
  };
  const int before = ordered();
  const bool stopping = Record().state == MachineState::kStopping;
  const bool unseen_end = Exists() && flyd::HasLiveBoot(Record()) && runtime_.Running(id_).empty();
  absl::Status answer = Send(order, guard);
  while (absl::IsDataLoss(answer)) {  // no answer came: ask again, as the same request
    Tell(absl::StrCat(order, ": no answer"));
    RecoverFromLoss();
    answer = Send(order, guard);
  }
  Tell(absl::StrCat(order, ": ", answer.ToString()));
  Expect(ordered() - before <= 1, absl::StrCat(order, ": done ", ordered() - before, " times"));
  if (!answer.ok()) return;
  // What was in that state already goes on with what befell it; so does what only takes a version for its next start.
  if (order == "create" || (order != "update" && ordered() != before)) faulty_ = refusing_;
  // The supervisor answers for what it has been told of.
  if (unseen_end) faulty_ = true;
  if (unseen_end && order == "update" && !stopping) wanted_ = Wanted::kRunning;
  Acknowledge(order);
}

void LifeWorld::Acknowledge(const std::string& order) {
  ++acknowledged_[order];
  if (order == "update") {
    ++version_;
    if (wanted_ == Wanted::kSuspended) wanted_ = Wanted::kRunning;
    return;
  }
  if (order == "stop") wanted_ = Wanted::kStopped;
  if (order == "suspend") wanted_ = Wanted::kSuspended;
  if (order == "destroy") wanted_ = Wanted::kDestroyed;
  if (order == "create" || order == "start" || order == "restart") wanted_ = Wanted::kRunning;
  if (order == "stop" || order == "suspend" || order == "destroy") {
    Expect(!supervisor_->PresentBoot(id_).ok(), absl::StrCat(order, ": answered, and a boot may mint"));
  }
}

void LifeWorld::ReportStarted() {
  const auto view = supervisor_->PresentBoot(id_);
  if (!view.ok() || !(*view)->booting) return;
  const std::vector<std::string> running = runtime_.Running(id_);
  if (running.size() != 1 || running[0] != (*view)->boot_id) return;
  const absl::Status reported = supervisor_->ReportFromInit(**view, "started", "");
  Expect(reported.ok() || store_.lost(), absl::StrCat("report: ", reported.message()));
}

void LifeWorld::EndWorkload(int code) {
  const std::vector<std::string> running = runtime_.Running(id_);
  if (running.empty()) return;
  const absl::StatusOr<storage::OperationRecord> operation = memory_.GetOperation(id_);
  const auto step = operation.ok() ? flyd::StepNamed(operation->step) : std::nullopt;
  const bool ends_anyway = step.has_value() && flyd::EndsABoot(*step);
  if (!ends_anyway && (wanted_ == Wanted::kRunning || wanted_ == Wanted::kSuspended)) {
    wanted_ = restarts_always_ ? Wanted::kRunning : Wanted::kStopped;
  }
  Tell("the workload ends");
  runtime_.End(id_, running[0], {.exit_code = code});
}

void LifeWorld::Fault() {
  const uint32_t kind = random_() % 5;
  Tell(absl::StrCat("fault ", kind));
  switch (kind) {
    case 0:
      runtime_.LoseAnswers(1);
      break;
    case 1:
      runtime_.LoseExits(1);
      break;
    case 2:
      runtime_.IgnoreSignals(random_() % 2 == 0);
      return;
    case 3:
      refusing_ = !refusing_;
      runtime_.RefuseStarts(refusing_ ? absl::UnavailableError("host: full, want room") : absl::OkStatus());
      break;
    default:
      Restart();  // killed between two writes
      return;
  }
  faulty_ = true;
}

void LifeWorld::Step() {
  const uint32_t choice = random_() % 16;
  if (choice < 4 || !Exists()) {
    Order();
  } else if (choice < 7) {
    ReportStarted();
  } else if (choice == 7) {
    EndWorkload(static_cast<int>(random_() % 2));
  } else if (choice == 8) {
    Fault();
  } else if (!scheduler_->idle()) {
    if (scheduler_->next_at() - clock_.Monotonic() >= kLongWait) {
      Tell("a long wait");
      faulty_ = true;
    }
    scheduler_->Step();
  }
  RecoverFromLoss();
  CheckAlways();
}

void LifeWorld::CheckAlways() {
  const std::vector<std::string> running = runtime_.Running(id_);
  Expect(running.size() <= 1, absl::StrCat("runtime: ", running.size(), " boots run, want one at most"));
  const MachineRecord record = Record();
  Expect(record.generation >= generation_, "generation: ran backwards");
  generation_ = record.generation;
  if (const auto view = supervisor_->PresentBoot(id_); view.ok()) {
    Expect(flyd::HasLiveBoot(record) && record.boot->boot_id == (*view)->boot_id, "fence: a boot that is not live may mint");
    Expect(flyd::StateMayMint(record.state), absl::StrCat("fence: a boot may mint while ", flyd::StateName(record.state)));
    Expect((*view)->version == record.boot->version.version, "fence: a boot may mint with another version");
  }
}

void LifeWorld::Settle() {
  Tell("settles");
  runtime_.RefuseStarts(absl::OkStatus());
  runtime_.LoseAnswers(0);
  runtime_.LoseExits(0);
  runtime_.IgnoreSignals(false);
  for (int step = 0; step < kMostSettlingSteps; ++step) {
    RecoverFromLoss();
    ReportStarted();
    if (!scheduler_->idle()) {
      scheduler_->Step();
      continue;
    }
    Expect(supervisor_->operations().Reconcile().ok() || store_.lost(), "reconcile: refused");
    if (!store_.lost() && scheduler_->idle()) return;
  }
  Expect(false, "operations: never settle");
}

void LifeWorld::CheckSettled() {
  if (acknowledged_.empty()) return;
  Expect(Exists(), "create: acknowledged, and the machine is lost");
  const MachineRecord record = Record();
  const std::string state(flyd::StateName(record.state));
  Expect(flyd::IsPersistent(record.state), absl::StrCat("state: settled as ", state));
  Expect(!memory_.GetOperation(id_).ok(), "operation: left behind");
  const std::vector<std::string> running = runtime_.Running(id_);
  const bool live = flyd::HasLiveBoot(record);
  Expect(running.size() == (live ? 1u : 0u), absl::StrCat("runtime: ", running.size(), " boots run while ", state));
  if (live && !running.empty()) Expect(running[0] == record.boot->boot_id, "runtime: another boot runs");
  if (live) {
    Expect(runtime_.IsSuspended(record.boot->boot_id) == (record.state == MachineState::kSuspended),
           absl::StrCat("runtime: suspension is not that of ", state));
  }
  Expect(sockets_.IsOpen(id_) == live, absl::StrCat("socket: wrong while ", state));
  const std::string version = absl::StrFormat("01HTGGC1TZ2JHK83J4AC0%05d", version_);
  Expect(record.desired.version == version, absl::StrCat("update: acknowledged ", version, ", is ", record.desired.version));
  if (record.state == MachineState::kStarted) Expect(record.boot->version.version == version, "update: an older version runs");
  const auto is = [&](MachineState wanted) { return record.state == wanted; };
  const bool rests = is(MachineState::kStopped) || is(MachineState::kFailed);
  switch (wanted_) {
    case Wanted::kDestroyed:
      return Expect(is(MachineState::kDestroyed), absl::StrCat("destroy: acknowledged, is ", state));
    case Wanted::kStopped:
      return Expect(rests, absl::StrCat("stop: acknowledged or ended, is ", state));
    case Wanted::kSuspended:
      return Expect(faulty_ || is(MachineState::kSuspended), absl::StrCat("suspend: acknowledged, is ", state));
    case Wanted::kRunning:
      return Expect(faulty_ || is(MachineState::kStarted), absl::StrCat("start: acknowledged, is ", state));
    case Wanted::kNothing:
      return;
  }
}

void LifeWorld::CheckEvents() {
  const auto events = memory_.Events(id_, 0, SIZE_MAX);
  int begun = 0;
  int ended = 0;
  uint64_t sequence = 0;
  for (const storage::EventRecord& event : *events) {
    Expect(event.sequence == ++sequence, "events: a gap");
    begun += event.type == "start" ? 1 : 0;
    ended += event.exit.has_value() ? 1 : 0;
  }
  const bool live = flyd::HasLiveBoot(Record());
  Expect(begun - ended == (live ? 1 : 0), absl::StrCat("exits: ", begun, " boots, ", ended, " ends"));
  Expect(runtime_.starts() <= begun, absl::StrCat("starts: ", runtime_.starts(), " by the runtime, ", begun, " recorded"));
}

std::vector<std::string> LifeWorld::Live(int steps) {
  for (int i = 0; i < steps && broken_.empty(); ++i) Step();
  if (broken_.empty()) Settle();
  if (broken_.empty()) CheckSettled();
  if (broken_.empty()) CheckEvents();
  Tell("the end");
  return std::move(broken_);
}

}  // namespace tests
