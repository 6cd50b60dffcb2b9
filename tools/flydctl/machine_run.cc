#include "tools/flydctl/machine_run.h"

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "tools/flydctl/call.h"
#include "tools/flydctl/image_reference.h"
#include "tools/flydctl/machine_lease.h"
#include "tools/flydctl/machine_logs.h"
#include "tools/flydctl/token_file_option.h"

namespace tools {
namespace {

namespace fleet = fly::fleet::v1;
namespace machines = fly::machines::v1;
using Machines = machines::Machines::Stub;

struct RunArguments {
  std::string id;  // of the machine to update; empty: a new one
  std::string lease;  // of the machine to update
  std::string image;
  std::string app;
  std::string name;
  std::string region;
  std::string worker;
  std::string image_digest;
  std::string user;
  std::string subject = "machine";
  std::vector<std::string> env;
  std::vector<std::string> audiences;
  std::vector<std::string> roles;
  std::vector<std::string> token_files;
  std::vector<std::string> command;
  bool tags = false;
  bool pin_role = false;
  bool google_metadata = false;
  bool identity_required = false;
  std::string restart = "no";
  uint32_t restart_max = 0;
  bool auto_destroy = false;
  uint32_t cpus = 0;
  uint32_t memory_mb = 0;
  uint32_t pids = 0;
  bool detach = false;
};

absl::StatusOr<machines::MachineConfig> ConfigOf(const RunArguments& arguments) {
  machines::MachineConfig config;
  config.mutable_command()->Assign(arguments.command.begin(), arguments.command.end());
  for (const std::string& pair : arguments.env) {
    const size_t equals = pair.find('=');
    if (equals == pair.npos || equals == 0) {
      return absl::InvalidArgumentError(absl::StrCat("-e ", pair, ": no name and value, want KEY=VALUE"));
    }
    (*config.mutable_env())[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  config.set_user(arguments.user);
  config.mutable_identity()->set_required(arguments.identity_required);
  config.mutable_identity()->set_aws_principal_tags(arguments.tags);
  config.mutable_identity()->set_aws_pin_role(arguments.pin_role);
  config.mutable_identity()->set_google_metadata(arguments.google_metadata);
  static const std::map<std::string, machines::RestartConfig::Policy> kPolicies = {
      {"no", machines::RestartConfig::NO},
      {"on-failure", machines::RestartConfig::ON_FAILURE},
      {"always", machines::RestartConfig::ALWAYS}};
  config.mutable_restart()->set_policy(kPolicies.at(arguments.restart));
  config.mutable_restart()->set_max_retries(arguments.restart_max);
  config.set_auto_destroy(arguments.auto_destroy);
  if (arguments.cpus != 0) config.mutable_guest()->set_cpus(arguments.cpus);
  if (arguments.memory_mb != 0) config.mutable_guest()->set_memory_mb(arguments.memory_mb);
  if (arguments.pids != 0) config.mutable_guest()->set_pids(arguments.pids);
  for (const std::string& option : arguments.token_files) {
    absl::StatusOr<machines::TokenFile> file = ParseTokenFileOption(option);
    if (!file.ok()) return file.status();
    *config.mutable_identity()->add_files() = *std::move(file);
  }
  return config;
}

absl::StatusOr<fleet::PlaceMachineResponse> Place(Session& session, const RunArguments& arguments,
                                                  const std::string& worker) {
  absl::StatusOr<std::pair<std::string, std::string>> app = SplitApp(arguments.app);
  if (!app.ok()) return app.status();
  absl::StatusOr<ImageReference> image = ResolveImage(arguments.image, arguments.image_digest);
  if (!image.ok()) return image.status();
  absl::StatusOr<fleet::Fleet::Stub*> stub = session.connections.fleet();
  if (!stub.ok()) return stub.status();
  fleet::PlaceMachineRequest request;
  request.set_organization_slug(app->first);
  request.set_app_name(app->second);
  request.set_machine_id(arguments.id);
  request.set_machine_name(arguments.name);
  request.set_image(image->reference);
  request.set_image_digest(image->digest);
  request.set_region(arguments.region.empty() ? (*session.connections.config())->region : arguments.region);
  request.set_worker(worker);
  fleet::PlacementPolicy& policy = *request.mutable_policy();
  policy.set_any_audience(arguments.audiences.empty());
  policy.mutable_audiences()->Assign(arguments.audiences.begin(), arguments.audiences.end());
  policy.set_subject(arguments.subject == "app" ? fleet::PlacementPolicy::SUBJECT_APP
                                                : fleet::PlacementPolicy::SUBJECT_MACHINE);
  policy.mutable_role_arns()->Assign(arguments.roles.begin(), arguments.roles.end());
  policy.set_aws_principal_tags(arguments.tags);
  return Call(**stub, &fleet::Fleet::Stub::PlaceMachine, request);
}

absl::StatusOr<machines::Machine> CreateAndStart(Machines& worker, const RunArguments& arguments,
                                                 const std::string& placement) {
  absl::StatusOr<machines::MachineConfig> config = ConfigOf(arguments);
  if (!config.ok()) return config.status();
  machines::CreateMachineRequest request;
  request.set_placement(placement);
  *request.mutable_config() = *config;
  return Call(worker, &Machines::CreateMachine, request);
}

// Passes on the output until the boot ends; the program's code. What a restart policy begins afterwards is left alone.
int Attach(Machines& worker, const machines::Machine& machine) {
  if (absl::Status status = PassOnLogs(worker, machine.id(), /*follow=*/true); !status.ok()) return Fail(status);
  machines::GetMachineRequest get;
  get.set_id(machine.id());
  absl::StatusOr<machines::Machine> ended = Call(worker, &Machines::GetMachine, get);
  if (!ended.ok()) return Fail(ended.status());
  const machines::ExitReport& exit = ended->boot().exit();
  if (!exit.error().empty()) std::fprintf(stderr, "flydctl: machine %s: %s\n", machine.id().c_str(), exit.error().c_str());
  return exit.exit_code();
}

int RunMachine(Session& session, const RunArguments& arguments) {
  absl::StatusOr<std::string> worker = session.connections.ResolveWorker(arguments.worker);
  if (!worker.ok()) return Fail(worker.status());
  absl::StatusOr<Machines*> stub = session.connections.worker(*worker);
  if (!stub.ok()) return Fail(stub.status());
  absl::StatusOr<fleet::PlaceMachineResponse> placed = Place(session, arguments, *worker);
  if (!placed.ok()) return Fail(placed.status());
  absl::StatusOr<machines::Machine> machine = CreateAndStart(**stub, arguments, placed->placement());
  if (!machine.ok()) return Fail(machine.status());
  if (arguments.detach) {
    std::printf("%s\n", machine->id().c_str());
    return kExitOk;
  }
  return Attach(**stub, *machine);
}

// The new version takes the old one's place; what the options do not say is not carried over from it.
int UpdateMachine(Session& session, RunArguments arguments) {
  absl::StatusOr<Machines*> stub = session.connections.worker_of(arguments.id);
  if (!stub.ok()) return Fail(stub.status());
  machines::GetMachineRequest get;
  get.set_id(arguments.id);
  absl::StatusOr<machines::Machine> machine = Call(**stub, &Machines::GetMachine, get);
  if (!machine.ok()) return Fail(machine.status());
  arguments.app = absl::StrCat(machine->organization_slug(), "/", machine->app_name());
  arguments.region = machine->region();
  absl::StatusOr<fleet::PlaceMachineResponse> placed = Place(session, arguments, machine->worker());
  if (!placed.ok()) return Fail(placed.status());
  absl::StatusOr<machines::MachineConfig> config = ConfigOf(arguments);
  if (!config.ok()) return Fail(config.status());
  machines::UpdateMachineRequest request;
  request.set_id(arguments.id);
  request.set_placement(placed->placement());
  *request.mutable_config() = *config;
  request.set_current_version(machine->version());
  request.set_lease_nonce(arguments.lease);
  absl::StatusOr<machines::Machine> updated = Call(**stub, &Machines::UpdateMachine, request);
  if (!updated.ok()) return Fail(updated.status());
  std::printf("%s\n", updated->version().c_str());
  return kExitOk;
}

// What `run` and `update` have in common.
void AddConfigOptions(CLI::App& command, RunArguments& arguments) {
  command.add_option("--image-digest", arguments.image_digest, "sha256:… that the image must have");
  command.add_option("-u,--user", arguments.user, "User, user:group or numbers (default: root)");
  // One value an option: what follows -- is the command's.
  command.add_option("-e,--env", arguments.env, "KEY=VALUE, repeatable")->allow_extra_args(false);
  command.add_option("--aud", arguments.audiences, "Allowed audience, repeatable (default: any)")->allow_extra_args(false);
  command.add_option("--role-arn", arguments.roles, "AWS role that a token may be pinned to")->allow_extra_args(false);
  command.add_option("--subject", arguments.subject, "What `sub` names")
      ->check(CLI::IsMember({"machine", "app"}))
      ->capture_default_str();
  command.add_flag("--aws-principal-tags", arguments.tags, "Allow AWS session tags in tokens");
  command.add_flag("--aws-pin-role", arguments.pin_role, "Tokens for AWS are good for AWS_ROLE_ARN alone, one of --role-arn");
  command.add_option("--token-file", arguments.token_files, "PATH=AUDIENCE[,mode=OCTAL][,owner=USER[:GROUP]], repeatable")
      ->allow_extra_args(false);
  command.add_flag("--google-metadata", arguments.google_metadata, "Serve Google's metadata identity endpoint inside");
  command.add_flag("--identity-required", arguments.identity_required, "Fail the start where no first token can be had");
  command.add_option("--restart", arguments.restart, "When the workload has ended by itself")
      ->check(CLI::IsMember({"no", "on-failure", "always"}))
      ->capture_default_str();
  command.add_option("--restart-max", arguments.restart_max, "Restarts of on-failure, 1..1000 (default 10)");
  command.add_flag("--auto-destroy", arguments.auto_destroy, "Destroy it when the workload has ended by itself");
  command.add_option("--cpus", arguments.cpus, "Processors' time that it may take, 1..1024 (default: no limit)");
  command.add_option("--memory-mb", arguments.memory_mb, "Memory that it may take, from 32 (default: no limit)");
  command.add_option("--pids", arguments.pids, "Processes and threads that it may have, from 16 (default: no limit)");
  command.add_option("command", arguments.command, "Program and arguments, after -- (default: the image's)");
}

}  // namespace

void AddMachineUpdate(CLI::App& machine, Session& session) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* update = machine.add_subcommand("update", "Give it a new version; a started machine is stopped and started with it");
  update->add_option("id", arguments->id, "Machine id")->required();
  update->add_option("image", arguments->image, "An OCI layout, a registry's reference (with --image-digest), or `host` for the host's own files")->required();
  AddLeaseOption(*update, arguments->lease);
  AddConfigOptions(*update, *arguments);
  update->callback([&session, arguments] { session.command = [&session, arguments] { return UpdateMachine(session, *arguments); }; });
}

void AddMachineRun(CLI::App& machine, Session& session) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* run = machine.add_subcommand("run", "Place, create and start a machine");
  run->add_option("image", arguments->image, "An OCI layout, a registry's reference (with --image-digest), or `host` for the host's own files")->required();
  run->add_option("-a,--app", arguments->app, "ORGANIZATION/APP")->required();
  run->add_option("--name", arguments->name, "Name in the app (default: fleetd chooses)");
  run->add_option("--region", arguments->region, "Region (default: the configuration's)");
  run->add_option("--worker", arguments->worker, "Worker (default: the only one)");
  run->add_flag("-d,--detach", arguments->detach, "Print the id and leave it running");
  AddConfigOptions(*run, *arguments);
  run->callback([&session, arguments] { session.command = [&session, arguments] { return RunMachine(session, *arguments); }; });
}

}  // namespace tools
