#include "tools/flydctl/machine_lease.h"

#include <cstdint>
#include <cstdio>
#include <memory>

#include "CLI/CLI.hpp"
#include "tools/flydctl/call.h"

namespace tools {
namespace {

namespace pb = fly::machines::v1;
using Stub = pb::Machines::Stub;

struct LeaseArguments {
  std::string id;
  std::string nonce;
  std::string owner;
  std::string description;
  uint32_t ttl_seconds = 0;
};

int Acquire(Session& session, const LeaseArguments& arguments) {
  absl::StatusOr<Stub*> stub = session.connections.worker_of(arguments.id);
  if (!stub.ok()) return Fail(stub.status());
  pb::AcquireLeaseRequest request;
  request.set_id(arguments.id);
  request.set_ttl_seconds(arguments.ttl_seconds);
  request.set_owner(arguments.owner);
  request.set_description(arguments.description);
  request.set_nonce(arguments.nonce);
  const absl::StatusOr<pb::Lease> lease = Call(**stub, &Stub::AcquireLease, request);
  if (!lease.ok()) return Fail(lease.status());
  if (session.format == Format::kJson) {
    PrintJson(*lease);
  } else {
    std::printf("%s\n", lease->nonce().c_str());
  }
  return kExitOk;
}

int Release(Session& session, const LeaseArguments& arguments) {
  absl::StatusOr<Stub*> stub = session.connections.worker_of(arguments.id);
  if (!stub.ok()) return Fail(stub.status());
  pb::ReleaseLeaseRequest request;
  request.set_id(arguments.id);
  request.set_nonce(arguments.nonce);
  const absl::StatusOr<pb::Machine> machine = Call(**stub, &Stub::ReleaseLease, request);
  if (!machine.ok()) return Fail(machine.status());
  if (session.format == Format::kJson) PrintJson(*machine);
  return kExitOk;
}

}  // namespace

void AddMachineLease(CLI::App& machine, Session& session) {
  CLI::App* lease = machine.add_subcommand("lease", "Let nobody else change a machine for a while");
  lease->require_subcommand(1);
  auto arguments = std::make_shared<LeaseArguments>();
  const auto add = [&](const char* name, const char* help, int (*run)(Session&, const LeaseArguments&)) {
    CLI::App* command = lease->add_subcommand(name, help);
    command->add_option("id", arguments->id, "Machine id")->required();
    command->callback([&session, arguments, run] {
      session.command = [&session, arguments, run] { return run(session, *arguments); };
    });
    return command;
  };
  CLI::App* acquire = add("acquire", "Take it, and print the nonce that every change then needs", &Acquire);
  acquire->add_option("--ttl", arguments->ttl_seconds, "Seconds until it ends by itself, 1..3600 (default 60)");
  acquire->add_option("--owner", arguments->owner, "Shown to who is refused");
  acquire->add_option("--description", arguments->description, "What it is for");
  acquire->add_option("--nonce", arguments->nonce, "Prolong the lease that has this nonce");
  add("release", "End it before its time", &Release)
      ->add_option("nonce", arguments->nonce, "As `acquire` printed it")
      ->required();
}

void AddLeaseOption(CLI::App& command, std::string& nonce) {
  command.add_option("--lease", nonce, "Nonce of the lease that stands, as `machine lease acquire` printed it");
}

}  // namespace tools
