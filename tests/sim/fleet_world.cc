#include "tests/sim/fleet_world.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/machines/v1/machines.pb.h"
#include "tests/fakes/test_placement.h"

namespace tests {
namespace {

using flyd::MachineState;
using storage::MachineRecord;

constexpr size_t kMostBroken = 100;
constexpr size_t kNowhere = SIZE_MAX;

std::string SleepingConfig() {
  fly::machines::v1::MachineConfig config;
  config.add_command("sleep");
  return config.SerializeAsString();
}

}  // namespace

FleetWorld::FleetWorld(const FleetWorldOptions& options) : options_(options), random_(options.seed) {
  for (int i = 0; i < options_.workers; ++i) {
    workers_.push_back(std::make_unique<SimWorker>(absl::StrCat("w", i), clock_, ids_, authority_));
  }
}

void FleetWorld::Expect(bool holds, const std::string& what) {
  ++counts_["checks"];
  if (!holds && broken_.size() < kMostBroken) broken_.push_back(what);
}

std::string FleetWorld::PlacementOf(const Machine& machine) const {
  tokensvc::Placement placement = ExamplePlacement(authority_, clock_.Now());
  placement.identity.machine_id = machine.id;
  placement.identity.machine_name = "m" + machine.id;
  placement.identity.machine_version = absl::StrFormat("01HTGGC1TZ2JHK83J4AC0%05d", machine.version);
  placement.worker = workers_[machine.worker]->name();
  placement.generation = static_cast<uint64_t>(machine.generation);
  return SignPlacement(placement, authority_);
}

void FleetWorld::Place(Machine& machine) {
  const absl::Status created =
      WorkerOf(machine).supervisor().Create({.placement = PlacementOf(machine), .config = SleepingConfig()}).status();
  Expect(created.ok(), absl::StrCat("create ", machine.id, ": ", created.message()));
  WorkerOf(machine).booting.insert(machine.id);
  machine.wanted = Wanted::kRunning;
  machine.faulty = refusing_.contains(&WorkerOf(machine));
}

// Ids are never used again.
FleetWorld::Machine FleetWorld::NewMachine() {
  return {.id = absl::StrFormat("%014x", ++placed_), .worker = random_() % workers_.size()};
}

// The control plane raises the generation and fences it before: what is left for the target is a new placement.
void FleetWorld::FinishMove(Machine& machine) {
  if (machine.moves_to == kNowhere) return;
  const absl::StatusOr<MachineRecord> record = WorkerOf(machine).store().Get(machine.id);
  if (record->state != MachineState::kDestroyed) return;
  machine.worker = std::exchange(machine.moves_to, kNowhere);
  ++machine.generation;
  Place(machine);
  ++counts_["moves finished"];
}

absl::Status FleetWorld::Send(const std::string& order, Machine& machine) {
  flyd::Supervisor& supervisor = WorkerOf(machine).supervisor();
  const flyd::Guard guard{.request = {absl::StrCat(order, counts_["orders"]), order}};
  if (order == "stop") return supervisor.Stop(machine.id, guard, {}).status();
  if (order == "restart") return supervisor.Restart(machine.id, guard, {}).status();
  if (order == "suspend") return supervisor.Suspend(machine.id, guard).status();
  if (order == "destroy" || order == "move") return supervisor.Destroy(machine.id, guard, /*force=*/true).status();
  if (order == "update") {
    ++machine.version;
    return supervisor.Update(machine.id, guard, {.placement = PlacementOf(machine), .config = SleepingConfig()}).status();
  }
  return supervisor.Start(machine.id, guard).status();
}

void FleetWorld::Order() {
  ++counts_["orders"];
  if (machines_.size() < static_cast<size_t>(options_.machines)) {
    machines_.push_back(NewMachine());
    ++counts_["order: place"];
    return Place(machines_.back());
  }
  Machine& machine = Pick();
  if (machine.moves_to != kNowhere || machine.wanted == Wanted::kDestroyed) {
    FinishMove(machine);
    if (machine.wanted != Wanted::kDestroyed || machine.moves_to != kNowhere) return;
    // Its name stays taken for good; in its place the control plane wants another.
    machine = NewMachine();
    return Place(machine);
  }
  static const char* const kOrders[] = {"stop", "start", "start", "restart", "suspend", "update", "move", "destroy"};
  const std::string order = kOrders[random_() % (random_() % 4 == 0 ? 8 : 7)];
  const absl::StatusOr<MachineRecord> before = WorkerOf(machine).store().Get(machine.id);
  const absl::Status answer = Send(order, machine);
  ++counts_[absl::StrCat("order: ", order, answer.ok() ? "" : " (refused)")];
  if (!answer.ok()) {
    Expect(absl::IsFailedPrecondition(answer), absl::StrCat(order, " ", machine.id, ": ", answer.message()));
    if (order == "update") --machine.version;
    return;
  }
  const uint64_t events = WorkerOf(machine).store().Get(machine.id)->event_sequence;
  if (events != before->event_sequence && order != "update") machine.faulty = refusing_.contains(&WorkerOf(machine));
  if (order == "stop") machine.wanted = Wanted::kStopped;
  if (order == "start" || order == "restart") machine.wanted = Wanted::kRunning;
  if (order == "suspend") machine.wanted = Wanted::kSuspended;
  if (order == "update" && machine.wanted == Wanted::kSuspended) machine.wanted = Wanted::kRunning;
  if (order == "destroy" || order == "move") machine.wanted = Wanted::kDestroyed;
  if (order == "move") machine.moves_to = random_() % workers_.size();
  WorkerOf(machine).booting.insert(machine.id);
  CheckFence(machine);
}

void FleetWorld::Fault() {
  SimWorker& worker = *workers_[random_() % workers_.size()];
  const uint32_t kind = random_() % 6;
  static const char* const kNames[] = {"starts refused", "answers lost", "exits lost", "hangs in stop", "exits at once", "flyd killed"};
  ++counts_[absl::StrCat("fault: ", kNames[kind])];
  const auto all_faulty = [this, &worker] {
    for (Machine& machine : machines_) machine.faulty |= &WorkerOf(machine) == &worker;
  };
  switch (kind) {
    case 0:
      if (refusing_.erase(&worker) == 0) refusing_.insert(&worker);
      worker.runtime().RefuseStarts(refusing_.contains(&worker) ? absl::UnavailableError("host: full, want room")
                                                                : absl::OkStatus());
      return all_faulty();
    case 1:
      worker.runtime().LoseAnswers(3);
      return all_faulty();
    case 2:
      worker.runtime().LoseExits(1);
      return all_faulty();
    case 3:
      return worker.runtime().IgnoreSignals(random_() % 2 == 0);
    case 4: {
      if (machines_.empty()) return;
      Machine& machine = Pick();
      const std::vector<std::string> running = WorkerOf(machine).runtime().Running(machine.id);
      if (running.empty()) return;
      machine.faulty = true;
      return WorkerOf(machine).runtime().End(machine.id, running[0], {.exit_code = 3});
    }
    default:
      worker.Restart();
  }
}

void FleetWorld::EndFaults() {
  for (const auto& worker : workers_) {
    worker->runtime().RefuseStarts(absl::OkStatus());
    worker->runtime().LoseAnswers(0);
    worker->runtime().LoseExits(0);
    worker->runtime().IgnoreSignals(false);
  }
}

// All that is due on any worker within `time`, in its order; and what booting machines report meanwhile.
void FleetWorld::Pass(absl::Duration time) {
  const absl::Duration end = clock_.Monotonic() + time;
  while (true) {
    SimWorker* next = nullptr;
    for (const auto& worker : workers_) {
      if (worker->scheduler().idle() || worker->scheduler().next_at() > end) continue;
      if (next == nullptr || worker->scheduler().next_at() < next->scheduler().next_at()) next = worker.get();
    }
    if (next == nullptr) break;
    next->scheduler().Step();
    ++counts_["tasks"];
  }
  if (clock_.Monotonic() < end) clock_.Advance(end - clock_.Monotonic());
  for (const auto& worker : workers_) {
    for (auto id = worker->booting.begin(); id != worker->booting.end();) {
      worker->Report(*id);
      id = worker->store().GetOperation(*id).ok() ? std::next(id) : worker->booting.erase(id);
    }
  }
}

void FleetWorld::CheckFence(const Machine& machine) {
  const bool ends = machine.wanted != Wanted::kRunning;
  if (!ends) return;
  Expect(!WorkerOf(machine).supervisor().PresentBoot(machine.id).ok(), absl::StrCat(machine.id, ": ended, and may mint"));
}

void FleetWorld::Settle() {
  EndFaults();
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 20; ++i) Pass(absl::Seconds(10));
    bool quiet = true;
    for (Machine& machine : machines_) {
      if (machine.moves_to != kNowhere) quiet = false;
      FinishMove(machine);
    }
    for (const auto& worker : workers_) {
      Expect(worker->supervisor().operations().Reconcile().ok(), "reconcile: refused");
      quiet = quiet && worker->scheduler().idle() && worker->booting.empty();
    }
    if (quiet) return;
  }
  Expect(false, "the fleet: never settles");
}

void FleetWorld::CheckMachine(const Machine& machine) {
  SimWorker& worker = WorkerOf(machine);
  const absl::StatusOr<MachineRecord> record = worker.store().Get(machine.id);
  if (!record.ok()) return Expect(false, absl::StrCat(machine.id, ": lost"));
  const std::string is = absl::StrCat(machine.id, " on ", worker.name(), ": ", flyd::StateName(record->state));
  Expect(flyd::IsPersistent(record->state), absl::StrCat(is, ", want it settled"));
  Expect(record->generation == static_cast<uint64_t>(machine.generation), absl::StrCat(is, ": generation"));
  const bool live = flyd::HasLiveBoot(*record);
  for (const auto& each : workers_) {
    const size_t want = &*each == &worker && live ? 1 : 0;
    const size_t runs = each->runtime().Running(machine.id).size();
    Expect(runs == want, absl::StrCat(is, ": ", runs, " boots on ", each->name(), ", want ", want));
  }
  Expect(worker.HasSocket(machine.id) == live, absl::StrCat(is, ": socket"));
  const bool rests = record->state == MachineState::kStopped || record->state == MachineState::kFailed;
  switch (machine.wanted) {
    case Wanted::kRunning: return Expect(machine.faulty || record->state == MachineState::kStarted, is + ", want started");
    case Wanted::kSuspended:
      return Expect(machine.faulty || record->state == MachineState::kSuspended, is + ", want suspended");
    case Wanted::kStopped: return Expect(rests, is + ", want stopped");
    case Wanted::kDestroyed: return Expect(record->state == MachineState::kDestroyed, is + ", want destroyed");
  }
}

// What a worker keeps of machines, also of those that went elsewhere.
void FleetWorld::CheckWorker(SimWorker& worker) {
  const absl::StatusOr<std::vector<MachineRecord>> records = worker.store().List("", SIZE_MAX);
  for (const MachineRecord& record : *records) {
    const auto events = worker.store().Events(record.id, 0, SIZE_MAX);
    uint64_t sequence = 0;
    int begun = 0;
    int ended = 0;
    for (const storage::EventRecord& event : *events) {
      Expect(event.sequence == ++sequence, absl::StrCat(record.id, " on ", worker.name(), ": events have a gap"));
      begun += event.type == "start" ? 1 : 0;
      ended += event.exit.has_value() ? 1 : 0;
    }
    counts_["events"] += static_cast<int64_t>(sequence);
    Expect(begun - ended == (flyd::HasLiveBoot(record) ? 1 : 0),
           absl::StrCat(record.id, " on ", worker.name(), ": ", begun, " boots, ", ended, " ends"));
  }
  counts_["boots"] += worker.runtime().starts();
}

void FleetWorld::Run() {
  for (int step = 0; step < options_.steps && broken_.empty(); ++step) {
    const uint32_t choice = random_() % 20;
    if (choice < 12 || machines_.size() < static_cast<size_t>(options_.machines)) Order();
    if (choice == 12) Fault();
    if (choice > 12 || step % 64 == 0) Pass(absl::Milliseconds(random_() % 3000));
  }
  Settle();
  for (const Machine& machine : machines_) CheckMachine(machine);
  for (const auto& worker : workers_) CheckWorker(*worker);
}

}  // namespace tests
