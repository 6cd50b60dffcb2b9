#include "tools/flydctl/machine_life_commands.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tools/flydctl/call.h"
#include "tools/flydctl/machine_lease.h"

namespace tools {
namespace {

namespace pb = fly::machines::v1;
using Stub = pb::Machines::Stub;

struct LifeArguments {
  std::string id;
  std::string worker;
  std::string operation;
  std::string lease;
  std::string signal;
  std::string boot;
  std::string what;
  int exit_code = 0;
  int exit_signal = 0;
  bool oom_killed = false;
  uint32_t timeout_seconds = 0;
  uint64_t after = 0;
  std::vector<std::string> put;
  std::vector<std::string> remove;
};

std::string StateName(pb::MachineState state) { return absl::AsciiStrToLower(pb::MachineState_Name(state)); }

// The machine's state in one word: what people who changed it want to see.
int PrintState(const Session& session, const absl::StatusOr<pb::Machine>& machine) {
  if (!machine.ok()) return Fail(machine.status());
  if (session.format == Format::kJson) {
    PrintJson(*machine);
  } else {
    std::printf("%s %s\n", machine->id().c_str(), StateName(machine->state()).c_str());
  }
  return kExitOk;
}

template <typename Request>
int Order(Session& session, const Request& request,
          grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, pb::Machine*)) {
  absl::StatusOr<Stub*> stub = session.connections.worker_of(request.id());
  if (!stub.ok()) return Fail(stub.status());
  return PrintState(session, Call(**stub, method, request));
}

int Report(Session& session, const LifeArguments& arguments) {
  absl::StatusOr<Stub*> stub = session.connections.worker_of(arguments.id);
  if (!stub.ok()) return Fail(stub.status());
  pb::ReportBootRequest request;
  request.set_id(arguments.id);
  request.set_boot_id(arguments.boot);
  if (arguments.what == "started") {
    request.mutable_started();
  } else {
    request.mutable_exited()->set_exit_code(arguments.exit_code);
    request.mutable_exited()->set_signal(arguments.exit_signal);
    request.mutable_exited()->set_oom_killed(arguments.oom_killed);
  }
  return PrintState(session, Call(**stub, &Stub::ReportBoot, request));
}

int Restart(Session& session, const LifeArguments& arguments) {
  pb::RestartMachineRequest request;
  request.set_id(arguments.id);
  request.set_signal(arguments.signal);
  request.set_timeout_seconds(arguments.timeout_seconds);
  request.set_lease_nonce(arguments.lease);
  return Order(session, request, &Stub::RestartMachine);
}

int Suspend(Session& session, const LifeArguments& arguments) {
  pb::SuspendMachineRequest request;
  request.set_id(arguments.id);
  request.set_lease_nonce(arguments.lease);
  return Order(session, request, &Stub::SuspendMachine);
}

int Resume(Session& session, const LifeArguments& arguments) {
  pb::StartMachineRequest request;
  request.set_id(arguments.id);
  request.set_lease_nonce(arguments.lease);
  return Order(session, request, &Stub::StartMachine);
}

int Signal(Session& session, const LifeArguments& arguments) {
  pb::SignalMachineRequest request;
  request.set_id(arguments.id);
  request.set_signal(arguments.signal);
  request.set_lease_nonce(arguments.lease);
  return Order(session, request, &Stub::SignalMachine);
}

int Metadata(Session& session, const LifeArguments& arguments) {
  absl::StatusOr<Stub*> stub = session.connections.worker_of(arguments.id);
  if (!stub.ok()) return Fail(stub.status());
  pb::UpdateMetadataRequest request;
  request.set_id(arguments.id);
  request.set_lease_nonce(arguments.lease);
  for (const std::string& pair : arguments.put) {
    const size_t equals = pair.find('=');
    if (equals == pair.npos || equals == 0) {
      return Fail(absl::InvalidArgumentError(absl::StrCat("--set ", pair, ": no key and value, want KEY=VALUE")));
    }
    (*request.mutable_put())[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  request.mutable_remove()->Assign(arguments.remove.begin(), arguments.remove.end());
  pb::GetMachineRequest get;
  get.set_id(arguments.id);
  const bool changes = request.put_size() + request.remove_size() > 0;
  const absl::StatusOr<pb::Machine> machine =
      changes ? Call(**stub, &Stub::UpdateMetadata, request) : Call(**stub, &Stub::GetMachine, get);
  if (!machine.ok()) return Fail(machine.status());
  if (session.format == Format::kJson) {
    PrintJson(*machine);
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows = {{"KEY", "VALUE"}};
  for (const auto& [key, value] : machine->metadata()) rows.push_back({key, value});
  PrintTable(rows);
  return kExitOk;
}

int Operations(Session& session, const LifeArguments& arguments) {
  absl::StatusOr<Stub*> stub = session.connections.worker(arguments.worker);
  if (!stub.ok()) return Fail(stub.status());
  const absl::StatusOr<pb::ListOperationsResponse> listed =
      Call(**stub, &Stub::ListOperations, pb::ListOperationsRequest());
  if (!listed.ok()) return Fail(listed.status());
  std::vector<std::vector<std::string>> rows = {{"ID", "MACHINE", "KIND", "STEP", "ATTEMPTS", "SINCE", "ERROR"}};
  for (const pb::Operation& operation : listed->operations()) {
    if (session.format == Format::kJson) PrintJson(operation);
    rows.push_back({operation.id(), operation.machine_id(), operation.kind(), operation.step(),
                    absl::StrCat(operation.attempts()), FormatUnixMillis(operation.created_unix_ms()), operation.error()});
  }
  if (session.format != Format::kJson) PrintTable(rows);
  return kExitOk;
}

int Cancel(Session& session, const LifeArguments& arguments) {
  absl::StatusOr<Stub*> stub = session.connections.worker_of(arguments.id);
  if (!stub.ok()) return Fail(stub.status());
  pb::CancelOperationRequest request;
  request.set_machine_id(arguments.id);
  request.set_operation_id(arguments.operation);
  request.set_lease_nonce(arguments.lease);
  return PrintState(session, Call(**stub, &Stub::CancelOperation, request));
}

// Until it is interrupted, or the worker ends the stream.
int Watch(Session& session, const LifeArguments& arguments) {
  absl::StatusOr<Stub*> stub = arguments.id.empty() ? session.connections.worker(arguments.worker)
                                                    : session.connections.worker_of(arguments.id);
  if (!stub.ok()) return Fail(stub.status());
  pb::WatchMachinesRequest request;
  request.set_after_sequence(arguments.after);
  request.set_machine_id(arguments.id);
  grpc::ClientContext context;
  const std::unique_ptr<grpc::ClientReader<pb::WatchMachinesResponse>> reader = (*stub)->WatchMachines(&context, request);
  for (pb::WatchMachinesResponse response; reader->Read(&response);) {
    if (session.format == Format::kJson) {
      PrintJson(response);
    } else if (response.has_event()) {
      const pb::Event& event = response.event().event();
      std::printf("%-8llu %s %s %-16s %-10s %s\n", static_cast<unsigned long long>(response.sequence()),
                  FormatUnixMillis(event.unix_ms()).c_str(), response.event().machine_id().c_str(), event.type().c_str(),
                  StateName(event.state()).c_str(), event.detail().c_str());
    }
    std::fflush(stdout);
  }
  return Fail(tokensvc::FromGrpcStatus(reader->Finish()));
}

}  // namespace

void AddMachineLifeCommands(CLI::App& machine, Session& session) {
  auto arguments = std::make_shared<LifeArguments>();
  const auto add = [&](const char* name, const char* help, int (*run)(Session&, const LifeArguments&)) {
    CLI::App* command = machine.add_subcommand(name, help);
    command->callback([&session, arguments, run] {
      session.command = [&session, arguments, run] { return run(session, *arguments); };
    });
    return command;
  };
  const auto add_by_id = [&](const char* name, const char* help, int (*run)(Session&, const LifeArguments&)) {
    CLI::App* command = add(name, help, run);
    command->add_option("id", arguments->id, "Machine id")->required();
    return command;
  };
  const auto add_change = [&](const char* name, const char* help, int (*run)(Session&, const LifeArguments&)) {
    CLI::App* command = add_by_id(name, help, run);
    AddLeaseOption(*command, arguments->lease);
    return command;
  };
  CLI::App* restart = add_change("restart", "End its boot and begin another of its version", &Restart);
  restart->add_option("-s,--signal", arguments->signal, "Signal name (default: the machine's)");
  restart->add_option("-t,--timeout", arguments->timeout_seconds, "Seconds before SIGKILL (default: the machine's)");
  add_change("suspend", "Let the workload stand still, with all its memory", &Suspend);
  add_change("resume", "Let a suspended machine go on", &Resume);
  add_change("signal", "Send the workload a signal", &Signal)
      ->add_option("signal", arguments->signal, "Name, such as SIGHUP")
      ->required();
  CLI::App* metadata = add_change("metadata", "Show metadata, or change them: they make no version", &Metadata);
  metadata->add_option("--set", arguments->put, "KEY=VALUE, repeatable")->allow_extra_args(false);
  metadata->add_option("--remove", arguments->remove, "KEY, repeatable")->allow_extra_args(false);
  add("operations", "What is being done on a worker", &Operations)
      ->add_option("--worker", arguments->worker, "Worker (default: the only one)");
  add_change("cancel", "Call off a start that has not succeeded yet", &Cancel)
      ->add_option("operation", arguments->operation, "Its id, as `operations` lists it")
      ->required();
  CLI::App* report = add_by_id("report", "Tell of a boot that a supervisor of your own runs (runtime EXTERNAL)", &Report);
  report->add_option("boot", arguments->boot, "Its boot's id, as `status -o json` says")->required();
  report->add_option("what", arguments->what, "started or exited")->required()->check(CLI::IsMember({"started", "exited"}));
  report->add_option("--exit-code", arguments->exit_code, "The workload's code, or 128 + signal");
  report->add_option("--signal", arguments->exit_signal, "Number of the signal that ended it");
  report->add_flag("--oom-killed", arguments->oom_killed, "The kernel ended it for want of memory");
  CLI::App* watch = add("watch", "Events as they come, of all machines or one", &Watch);
  watch->add_option("id", arguments->id, "Machine id (default: all)");
  watch->add_option("--after", arguments->after, "Resume after this sequence (default: the oldest kept)");
  watch->add_option("--worker", arguments->worker, "Worker (default: the only one)");
}

}  // namespace tools
