#include "tools/flydctl/worker_commands.h"

#include <cstdio>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "tools/flydctl/call.h"

namespace tools {
namespace {

namespace pb = fly::machines::v1;
using Stub = pb::Machines::Stub;

struct WorkerArguments {
  std::string worker;
  std::string reason;
  uint32_t timeout_seconds = 0;
};

template <typename Request>
int ShowAfter(Session& session, const WorkerArguments& arguments, const Request& request,
              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, pb::Worker*)) {
  absl::StatusOr<Stub*> stub = session.connections.worker(arguments.worker);
  if (!stub.ok()) return Fail(stub.status());
  const absl::StatusOr<pb::Worker> worker = Call(**stub, method, request);
  if (!worker.ok()) return Fail(worker.status());
  if (session.format == Format::kJson) {
    PrintJson(*worker);
    return kExitOk;
  }
  PrintTable({{"NAME", "MACHINES", "RUNNING", "OPERATIONS", "CORDONED", "REASON"},
              {worker->name(), absl::StrCat(worker->machines()), absl::StrCat(worker->running()),
               absl::StrCat(worker->operations_in_progress()), worker->cordoned() ? "yes" : "no",
               worker->cordon_reason()}});
  return kExitOk;
}

int Drain(Session& session, const WorkerArguments& arguments) {
  absl::StatusOr<Stub*> stub = session.connections.worker(arguments.worker);
  if (!stub.ok()) return Fail(stub.status());
  pb::DrainWorkerRequest request;
  request.set_reason(arguments.reason);
  request.set_timeout_seconds(arguments.timeout_seconds);
  const absl::StatusOr<pb::DrainWorkerResponse> drained = Call(**stub, &Stub::DrainWorker, request);
  if (!drained.ok()) return Fail(drained.status());
  if (session.format == Format::kJson) PrintJson(*drained);
  for (const std::string& id : drained->stopping()) {
    if (session.format != Format::kJson) std::printf("%s stopping\n", id.c_str());
  }
  for (const auto& [id, error] : drained->errors()) std::fprintf(stderr, "flydctl: %s\n", error.c_str());
  return drained->errors().empty() ? kExitOk : kExitRefused;
}

}  // namespace

void AddWorkerCommands(CLI::App& root, Session& session) {
  CLI::App* worker = root.add_subcommand("worker", "Worker hosts");
  worker->require_subcommand(1);
  auto arguments = std::make_shared<WorkerArguments>();
  const auto add = [&](const char* name, const char* help, std::function<int(Session&, const WorkerArguments&)> run) {
    CLI::App* command = worker->add_subcommand(name, help);
    command->add_option("worker", arguments->worker, "Name (default: the only one)");
    command->callback([&session, arguments, run] {
      session.command = [&session, arguments, run] { return run(session, *arguments); };
    });
    return command;
  };
  add("status", "Machines, operations, cordon", [](Session& s, const WorkerArguments& a) {
    return ShowAfter(s, a, pb::GetWorkerRequest(), &Stub::GetWorker);
  });
  add("cordon", "Begin no machine here any more; what runs goes on", [](Session& s, const WorkerArguments& a) {
    pb::CordonWorkerRequest request;
    request.set_reason(a.reason);
    return ShowAfter(s, a, request, &Stub::CordonWorker);
  })->add_option("--reason", arguments->reason, "Shown to who is refused");
  add("uncordon", "Take machines again", [](Session& s, const WorkerArguments& a) {
    return ShowAfter(s, a, pb::UncordonWorkerRequest(), &Stub::UncordonWorker);
  });
  CLI::App* drain = add("drain", "Cordon it and stop every machine", &Drain);
  drain->add_option("--reason", arguments->reason, "Shown to who is refused");
  drain->add_option("-t,--timeout", arguments->timeout_seconds, "Seconds before SIGKILL (default: each machine's)");
}

}  // namespace tools
