#include "tools/flydctl/machine_run.h"

#include <cstdio>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "tools/flydctl/call.h"
#include "tools/flydctl/check_worker.h"
#include "tools/flydctl/config_options.h"
#include "tools/flydctl/image_reference.h"
#include "tools/flydctl/machine_lease.h"
#include "tools/flydctl/machine_logs.h"

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
  ConfigArguments config;
  bool detach = false;
};

absl::StatusOr<fleet::PlaceMachineResponse> Place(Session& session, const RunArguments& arguments,
                                                  const machines::MachineConfig& config, const std::string& worker) {
  absl::StatusOr<std::pair<std::string, std::string>> app = SplitApp(arguments.app);
  if (!app.ok()) return app.status();
  absl::StatusOr<ImageReference> image = ResolveImage(arguments.image, arguments.config.image_digest);
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
  policy.set_any_audience(arguments.config.audiences.empty());
  policy.mutable_audiences()->Assign(arguments.config.audiences.begin(), arguments.config.audiences.end());
  policy.set_subject(arguments.config.subject == "app" ? fleet::PlacementPolicy::SUBJECT_APP
                                                : fleet::PlacementPolicy::SUBJECT_MACHINE);
  policy.mutable_role_arns()->Assign(arguments.config.roles.begin(), arguments.config.roles.end());
  policy.set_aws_principal_tags(config.identity().aws_principal_tags());
  return Call(**stub, &fleet::Fleet::Stub::PlaceMachine, request);
}

// How the boot ended that the machine began with; another may have taken its place by now.
absl::StatusOr<machines::ExitReport> FirstExit(Machines& worker, const std::string& id) {
  machines::ListEventsRequest request;
  request.set_id(id);
  request.set_page_size(1000);
  const absl::StatusOr<machines::ListEventsResponse> events = Call(worker, &Machines::ListEvents, request);
  if (!events.ok()) return events.status();
  for (const machines::Event& event : events->events()) {
    if (event.type() == "exit") return event.exit();
  }
  return absl::UnavailableError(absl::StrCat("machine ", id, ": its output ended and it did not, want its exit"));
}

// Passes on the output until the boot ends; the program's code. What a restart policy begins afterwards is left alone.
int Attach(Machines& worker, const std::string& id) {
  const absl::Status read = PassOnLogs(worker, id, /*follow=*/true);
  if (!read.ok() && !absl::IsDataLoss(read)) return Fail(read);
  if (!read.ok()) std::fprintf(stderr, "flydctl: machine %s: %s\n", id.c_str(), std::string(read.message()).c_str());
  const absl::StatusOr<machines::ExitReport> exit = FirstExit(worker, id);
  if (!exit.ok()) return Fail(exit.status());
  if (!exit->error().empty()) std::fprintf(stderr, "flydctl: machine %s: %s\n", id.c_str(), exit->error().c_str());
  return exit->exit_code();
}

int RunMachine(Session& session, const RunArguments& arguments) {
  absl::StatusOr<std::string> worker = session.connections.ResolveWorker(arguments.worker);
  if (!worker.ok()) return Fail(worker.status());
  absl::StatusOr<Machines*> stub = session.connections.worker(*worker);
  if (!stub.ok()) return Fail(stub.status());
  absl::StatusOr<machines::MachineConfig> config = ConfigOf(arguments.config, {});
  if (!config.ok()) return Fail(config.status());
  if (absl::Status takes = CheckWorkerTakes(**stub, *config); !takes.ok()) return Fail(takes);
  absl::StatusOr<fleet::PlaceMachineResponse> placed = Place(session, arguments, *config, *worker);
  if (!placed.ok()) return Fail(placed.status());
  machines::CreateMachineRequest request;
  request.set_placement(placed->placement());
  *request.mutable_config() = *std::move(config);
  absl::StatusOr<machines::Machine> machine = Call(**stub, &Machines::CreateMachine, request);
  if (!machine.ok()) return Fail(machine.status());
  if (!arguments.detach) return Attach(**stub, machine->id());
  std::printf("%s\n", machine->id().c_str());
  return kExitOk;
}

// The new version takes the old one's place: its configuration, but for what the options say.
int UpdateMachine(Session& session, RunArguments arguments) {
  absl::StatusOr<Machines*> stub = session.connections.worker_of(arguments.id);
  if (!stub.ok()) return Fail(stub.status());
  machines::GetMachineRequest get;
  get.set_id(arguments.id);
  absl::StatusOr<machines::Machine> machine = Call(**stub, &Machines::GetMachine, get);
  if (!machine.ok()) return Fail(machine.status());
  arguments.app = absl::StrCat(machine->organization_slug(), "/", machine->app_name());
  arguments.region = machine->region();
  absl::StatusOr<machines::MachineConfig> config = ConfigOf(arguments.config, machine->config());
  if (!config.ok()) return Fail(config.status());
  absl::StatusOr<fleet::PlaceMachineResponse> placed = Place(session, arguments, *config, machine->worker());
  if (!placed.ok()) return Fail(placed.status());
  machines::UpdateMachineRequest request;
  request.set_id(arguments.id);
  request.set_placement(placed->placement());
  *request.mutable_config() = *std::move(config);
  request.set_current_version(machine->version());
  request.set_lease_nonce(arguments.lease);
  absl::StatusOr<machines::Machine> updated = Call(**stub, &Machines::UpdateMachine, request);
  if (!updated.ok()) return Fail(updated.status());
  std::printf("%s\n", updated->version().c_str());
  return kExitOk;
}

}  // namespace

void AddMachineUpdate(CLI::App& machine, Session& session) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* update = machine.add_subcommand("update", "Give it a new version: as it is, but for what is said here (--aud, --role-arn and --subject anew); what is started is restarted with it");
  update->add_option("id", arguments->id, "Machine id")->required();
  update->add_option("image", arguments->image, "An OCI layout, a registry's reference (with --image-digest), or `host` for the host's own files")->required();
  AddLeaseOption(*update, arguments->lease);
  AddConfigOptions(*update, arguments->config);
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
  AddConfigOptions(*run, arguments->config);
  run->callback([&session, arguments] { session.command = [&session, arguments] { return RunMachine(session, *arguments); }; });
}

}  // namespace tools
