#include "tools/flydctl/connections.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tokensvc/clock.h"
#include "tokensvc/rpc/server_settings.h"
#include "tools/flydctl/call.h"

namespace tools {
namespace {

namespace machines = fly::machines::v1;

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const FlydctlConfig& config, const std::string& address,
                                                       tokensvc::Role role) {
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials =
      tokensvc::ChannelCredentials(config.tls, config.fleet, role, tokensvc::RealClock());
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments arguments;
  tokensvc::ApplyChannelSettings(arguments);
  return grpc::CreateCustomChannel(address, *credentials, arguments);
}

}  // namespace

absl::StatusOr<const FlydctlConfig*> Connections::config() {
  if (config_ == nullptr) {
    absl::StatusOr<FlydctlConfig> config = ReadFlydctlConfig();
    if (!config.ok()) return config.status();
    config_ = std::make_unique<FlydctlConfig>(*std::move(config));
  }
  return config_.get();
}

absl::StatusOr<fly::fleet::v1::Fleet::Stub*> Connections::fleet() {
  if (fleet_ == nullptr) {
    absl::StatusOr<const FlydctlConfig*> found = config();
    if (!found.ok()) return found.status();
    auto channel = Connect(**found, (*found)->fleetd, tokensvc::Role::kFleet);
    if (!channel.ok()) return channel.status();
    fleet_ = fly::fleet::v1::Fleet::NewStub(*channel);
  }
  return fleet_.get();
}

absl::StatusOr<std::string> Connections::ResolveWorker(absl::string_view name) {
  absl::StatusOr<const FlydctlConfig*> found = config();
  if (!found.ok()) return found.status();
  const auto& workers = (*found)->workers;
  if (name.empty() && workers.size() == 1) return workers.begin()->first;
  if (workers.contains(std::string(name))) return std::string(name);
  return absl::InvalidArgumentError(
      absl::StrCat("worker: ", name.empty() ? "none given" : absl::StrCat("\"", name, "\""), ", want one of ",
                   absl::StrJoin(workers, ", ", [](std::string* out, const auto& worker) { *out += worker.first; })));
}

absl::StatusOr<machines::Machines::Stub*> Connections::worker(absl::string_view name) {
  absl::StatusOr<std::string> resolved = ResolveWorker(name);
  if (!resolved.ok()) return resolved.status();
  std::unique_ptr<machines::Machines::Stub>& stub = workers_[*resolved];
  if (stub == nullptr) {
    auto channel = Connect(*config_, config_->workers.at(*resolved), tokensvc::Role::kWorker);
    if (!channel.ok()) return channel.status();
    stub = machines::Machines::NewStub(*channel);
  }
  return stub.get();
}

absl::StatusOr<std::unique_ptr<fly::signer::v1::Keys::Stub>> Connections::signer(const std::string& name) {
  absl::StatusOr<const FlydctlConfig*> found = config();
  if (!found.ok()) return found.status();
  auto channel = Connect(**found, (*found)->signers.at(name), tokensvc::Role::kSigner);
  if (!channel.ok()) return channel.status();
  return fly::signer::v1::Keys::NewStub(*channel);
}

absl::StatusOr<machines::Machines::Stub*> Connections::worker_of(absl::string_view machine_id) {
  absl::StatusOr<const FlydctlConfig*> found = config();
  if (!found.ok()) return found.status();
  machines::GetMachineRequest request;
  request.set_id(std::string(machine_id));
  absl::Status last = absl::NotFoundError(absl::StrCat("machine ", machine_id, ": on no worker of the configuration"));
  for (const auto& [name, address] : (*found)->workers) {
    absl::StatusOr<machines::Machines::Stub*> stub = worker(name);
    if (!stub.ok()) return stub.status();
    const auto machine = Call(**stub, &machines::Machines::Stub::GetMachine, request);
    if (machine.ok()) return *stub;
    if (!absl::IsNotFound(machine.status())) last = machine.status();
  }
  return last;
}

}  // namespace tools
