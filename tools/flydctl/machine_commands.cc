#include "tools/flydctl/machine_commands.h"

#include <cstdio>
#include <memory>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "tools/flydctl/call.h"
#include "tools/flydctl/machine_lease.h"
#include "tools/flydctl/machine_life_commands.h"
#include "tools/flydctl/machine_logs.h"
#include "tools/flydctl/machine_run.h"

namespace tools {
namespace {

namespace pb = fly::machines::v1;
using Stub = pb::Machines::Stub;

struct MachineArguments {
  std::string id;
  std::string app;
  std::string worker;
  std::string state = "started";
  std::string signal;
  std::string lease;
  uint32_t timeout_seconds = 0;
  bool all = false;
  bool force = false;
  bool follow = false;
  bool input = false;
  std::vector<std::string> command;
};
using Arguments = std::shared_ptr<MachineArguments>;

std::string StateName(pb::MachineState state) {
  std::string name = pb::MachineState_Name(state);
  for (char& c : name) c = static_cast<char>(std::tolower(c));
  return name;
}

absl::StatusOr<pb::MachineState> ParseState(std::string name) {
  for (char& c : name) c = static_cast<char>(std::toupper(c));
  pb::MachineState state;
  if (pb::MachineState_Parse(name, &state)) return state;
  return absl::InvalidArgumentError(absl::StrCat("state: ", name, ", want started, stopped, destroyed, …"));
}

std::string ExitText(const pb::Boot& boot) {
  if (!boot.has_exit()) return "-";
  if (!boot.exit().error().empty()) return boot.exit().error();
  return boot.exit().signal() != 0 ? absl::StrCat("signal ", boot.exit().signal())
                                   : absl::StrCat(boot.exit().exit_code());
}

void PrintMachines(const Session& session, const std::vector<pb::Machine>& machines) {
  if (session.format == Format::kJson) {
    for (const pb::Machine& machine : machines) PrintJson(machine);
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"ID", "NAME", "APP", "STATE", "REGION", "VERSION", "EXIT"}};
  if (session.format == Format::kWide) rows[0].insert(rows[0].end(), {"WORKER", "GENERATION", "IMAGE", "CREATED"});
  for (const pb::Machine& m : machines) {
    rows.push_back({m.id(), m.name(), absl::StrCat(m.organization_slug(), "/", m.app_name()), StateName(m.state()),
                    m.region(), m.version(), ExitText(m.boot())});
    if (session.format == Format::kWide) {
      rows.back().insert(rows.back().end(), {m.worker(), absl::StrCat(m.generation()), m.image(),
                                             FormatUnixMillis(m.created_unix_ms())});
    }
  }
  PrintTable(rows);
}

int List(Session& session, const MachineArguments& arguments) {
  absl::StatusOr<Stub*> stub = session.connections.worker(arguments.worker);
  if (!stub.ok()) return Fail(stub.status());
  pb::ListMachinesRequest request;
  request.set_include_destroyed(arguments.all);
  if (!arguments.app.empty()) {
    absl::StatusOr<std::pair<std::string, std::string>> app = SplitApp(arguments.app);
    if (!app.ok()) return Fail(app.status());
    request.set_organization_slug(app->first);
    request.set_app_name(app->second);
  }
  std::vector<pb::Machine> all;
  do {
    absl::StatusOr<pb::ListMachinesResponse> page = Call(**stub, &Stub::ListMachines, request);
    if (!page.ok()) return Fail(page.status());
    all.insert(all.end(), page->machines().begin(), page->machines().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  PrintMachines(session, all);
  return kExitOk;
}

// The commands on one machine that answer with it.
template <typename Request>
int OnMachine(Session& session, const Request& request,
              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, pb::Machine*)) {
  absl::StatusOr<Stub*> stub = session.connections.worker_of(request.id());
  if (!stub.ok()) return Fail(stub.status());
  absl::StatusOr<pb::Machine> machine = Call(**stub, method, request, absl::Seconds(330));
  if (!machine.ok()) return Fail(machine.status());
  PrintMachines(session, {*machine});
  return kExitOk;
}

int Status(Session& session, const MachineArguments& arguments) {
  pb::GetMachineRequest request;
  request.set_id(arguments.id);
  return OnMachine(session, request, &Stub::GetMachine);
}

int Start(Session& session, const MachineArguments& arguments) {
  pb::StartMachineRequest request;
  request.set_id(arguments.id);
  request.set_lease_nonce(arguments.lease);
  return OnMachine(session, request, &Stub::StartMachine);
}

int Stop(Session& session, const MachineArguments& arguments) {
  pb::StopMachineRequest request;
  request.set_id(arguments.id);
  request.set_signal(arguments.signal);
  request.set_timeout_seconds(arguments.timeout_seconds);
  request.set_lease_nonce(arguments.lease);
  return OnMachine(session, request, &Stub::StopMachine);
}

int Wait(Session& session, const MachineArguments& arguments) {
  absl::StatusOr<pb::MachineState> state = ParseState(arguments.state);
  if (!state.ok()) return Fail(state.status());
  pb::WaitMachineRequest request;
  request.set_id(arguments.id);
  request.set_state(*state);
  request.set_timeout_seconds(arguments.timeout_seconds);
  return OnMachine(session, request, &Stub::WaitMachine);
}

int Destroy(Session& session, const MachineArguments& arguments) {
  pb::DestroyMachineRequest request;
  request.set_id(arguments.id);
  request.set_force(arguments.force);
  request.set_lease_nonce(arguments.lease);
  const int code = OnMachine(session, request, &Stub::DestroyMachine);
  if (code != kExitOk) return code;
  // The name stays a tombstone and no generation of the machine signs again.
  absl::StatusOr<fly::fleet::v1::Fleet::Stub*> fleet = session.connections.fleet();
  if (!fleet.ok()) return Fail(fleet.status());
  fly::fleet::v1::RetireMachineRequest retire;
  retire.set_machine_id(arguments.id);
  return Fail(Call(**fleet, &fly::fleet::v1::Fleet::Stub::RetireMachine, retire).status());
}

// One byte more than may be sent, so that flyd says what is too much.
std::string ReadInput() {
  std::string input((size_t{1} << 20) + 1, '\0');
  input.resize(std::fread(input.data(), 1, input.size(), stdin));
  return input;
}

int Exec(Session& session, const MachineArguments& arguments) {
  absl::StatusOr<Stub*> stub = session.connections.worker_of(arguments.id);
  if (!stub.ok()) return Fail(stub.status());
  pb::ExecMachineRequest request;
  if (arguments.input) request.set_stdin(ReadInput());
  request.set_id(arguments.id);
  request.mutable_command()->Assign(arguments.command.begin(), arguments.command.end());
  request.set_timeout_seconds(arguments.timeout_seconds);
  absl::StatusOr<pb::ExecMachineResponse> result =
      Call(**stub, &Stub::ExecMachine, request, absl::Seconds(arguments.timeout_seconds + 70));
  if (!result.ok()) return Fail(result.status());
  std::fwrite(result->stdout().data(), 1, result->stdout().size(), stdout);
  std::fwrite(result->stderr().data(), 1, result->stderr().size(), stderr);
  if (result->truncated()) std::fprintf(stderr, "flydctl: output cut at 1 MiB\n");
  return result->exit_code();
}

int Logs(Session& session, const MachineArguments& arguments) {
  absl::StatusOr<Stub*> stub = session.connections.worker_of(arguments.id);
  if (!stub.ok()) return Fail(stub.status());
  return Fail(PassOnLogs(**stub, arguments.id, arguments.follow));
}

int Events(Session& session, const MachineArguments& arguments) {
  absl::StatusOr<Stub*> stub = session.connections.worker_of(arguments.id);
  if (!stub.ok()) return Fail(stub.status());
  std::vector<std::vector<std::string>> rows = {{"SEQUENCE", "TIME", "TYPE", "STATE", "SOURCE", "DETAIL"}};
  pb::ListEventsRequest request;
  request.set_id(arguments.id);
  while (true) {
    absl::StatusOr<pb::ListEventsResponse> page = Call(**stub, &Stub::ListEvents, request);
    if (!page.ok()) return Fail(page.status());
    if (page->events().empty()) break;
    for (const pb::Event& event : page->events()) {
      if (session.format == Format::kJson) PrintJson(event);
      const std::string detail = event.has_exit() ? absl::StrCat("code ", event.exit().exit_code(), " ", event.detail())
                                                  : event.detail();
      rows.push_back({absl::StrCat(event.sequence()), FormatUnixMillis(event.unix_ms()), event.type(),
                      StateName(event.state()), event.source(), detail});
      request.set_after_sequence(event.sequence());
    }
  }
  if (session.format != Format::kJson) PrintTable(rows);
  return kExitOk;
}

}  // namespace

void AddMachineCommands(CLI::App& root, Session& session) {
  CLI::App* machine = root.add_subcommand("machine", "Machines of a worker");
  machine->require_subcommand(1);
  AddMachineRun(*machine, session);
  AddMachineUpdate(*machine, session);
  AddMachineLifeCommands(*machine, session);
  AddMachineLease(*machine, session);

  auto arguments = std::make_shared<MachineArguments>();
  const auto add = [&](const char* name, const char* help, int (*run)(Session&, const MachineArguments&)) {
    CLI::App* command = machine->add_subcommand(name, help);
    command->callback([&session, arguments, run] {
      session.command = [&session, arguments, run] { return run(session, *arguments); };
    });
    return command;
  };
  const auto add_by_id = [&](const char* name, const char* help, int (*run)(Session&, const MachineArguments&)) {
    CLI::App* command = add(name, help, run);
    command->add_option("id", arguments->id, "Machine id")->required();
    return command;
  };
  const auto add_change = [&](const char* name, const char* help, int (*run)(Session&, const MachineArguments&)) {
    CLI::App* command = add_by_id(name, help, run);
    AddLeaseOption(*command, arguments->lease);
    return command;
  };

  CLI::App* list = add("list", "List the machines of a worker", &List);
  list->add_option("-a,--app", arguments->app, "Only those of ORGANIZATION/APP");
  list->add_option("--worker", arguments->worker, "Worker (default: the only one)");
  list->add_flag("--all", arguments->all, "Destroyed ones too");

  add_by_id("status", "Show one machine", &Status);
  add_change("start", "Start it", &Start);
  CLI::App* stop = add_change("stop", "Stop it: signal, time to end, kill", &Stop);
  stop->add_option("-s,--signal", arguments->signal, "Signal name (default: the machine's)");
  stop->add_option("-t,--timeout", arguments->timeout_seconds, "Seconds before SIGKILL (default: the machine's)");
  add_change("destroy", "Destroy it for good; its name is not used again", &Destroy)
      ->add_flag("-f,--force", arguments->force, "Kill it first if it runs");
  CLI::App* wait = add_by_id("wait", "Wait for a state", &Wait);
  wait->add_option("--state", arguments->state)->capture_default_str();
  wait->add_option("-t,--timeout", arguments->timeout_seconds, "Seconds, 1..60");
  CLI::App* exec = add_by_id("exec", "Run a program inside; ends with its code", &Exec);
  exec->add_flag("-i,--stdin", arguments->input, "Give it the standard input, at most 1 MiB");
  exec->add_option("-t,--timeout", arguments->timeout_seconds, "Seconds before SIGKILL (default 60)");
  exec->add_option("command", arguments->command, "Program and arguments, after --")->required();
  add_by_id("logs", "What the workload wrote", &Logs)->add_flag("-f,--follow", arguments->follow, "Until its boot ends");
  add_by_id("events", "What happened to it, oldest first", &Events);
}

}  // namespace tools
