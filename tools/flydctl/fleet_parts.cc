#include "tools/flydctl/fleet_parts.h"

#include <grpcpp/client_context.h>

#include <chrono>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tokensvc/rpc/to_grpc_status.h"
#include "tools/flydctl/call.h"

namespace tools {
namespace {

namespace fleet = fly::fleet::v1;
namespace machines = fly::machines::v1;
namespace signer = fly::signer::v1;
using nlohmann::ordered_json;

constexpr absl::Duration kPatience = absl::Seconds(5);
constexpr int kLargestPage = 1000;

template <typename Request, typename Response, typename Items>
absl::StatusOr<size_t> Count(fleet::Fleet::Stub& stub,
                             grpc::Status (fleet::Fleet::Stub::*list)(grpc::ClientContext*, const Request&, Response*),
                             const Items& (Response::*items)() const) {
  Request request;
  request.set_page_size(kLargestPage);
  size_t count = 0;
  do {
    const absl::StatusOr<Response> page = Call(stub, list, request, kPatience);
    if (!page.ok()) return page.status();
    count += ((*page).*items)().size();
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return count;
}

absl::StatusOr<ordered_json> AskFleetd(Connections& connections) {
  absl::StatusOr<fleet::Fleet::Stub*> stub = connections.fleet();
  if (!stub.ok()) return stub.status();
  const absl::StatusOr<size_t> organizations =
      Count(**stub, &fleet::Fleet::Stub::ListOrganizations, &fleet::ListOrganizationsResponse::organizations);
  if (!organizations.ok()) return organizations.status();
  const absl::StatusOr<size_t> placed =
      Count(**stub, &fleet::Fleet::Stub::ListMachines, &fleet::ListMachinesResponse::machines);
  if (!placed.ok()) return placed.status();
  return ordered_json{{"organizations", *organizations}, {"machines", *placed}};
}

// The bundle of the signer's public keys: the first message of a stream that would go on.
absl::StatusOr<ordered_json> AskSigner(Connections& connections, const std::string& name) {
  absl::StatusOr<std::unique_ptr<signer::Keys::Stub>> stub = connections.signer(name);
  if (!stub.ok()) return stub.status();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(kPatience));
  const auto reader = (*stub)->WatchKeyBundle(&context, signer::WatchKeyBundleRequest());
  signer::SignedKeyBundle message;
  if (!reader->Read(&message)) return tokensvc::FromGrpcStatus(reader->Finish());
  context.TryCancel();
  (void)reader->Finish();  // CANCELLED: as just asked
  signer::KeyBundle bundle;
  if (!bundle.ParseFromString(message.payload())) {
    return absl::InternalError(absl::StrCat("signer ", name, ": its key bundle is no message, want a KeyBundle"));
  }
  return ordered_json{{"log_number", bundle.fleet_log_number()},
                      {"keys", bundle.keys_size()},
                      {"bundle_issued", FormatUnixMillis(bundle.issued_unix() * 1000)}};
}

absl::StatusOr<ordered_json> AskWorker(Connections& connections, const std::string& name) {
  absl::StatusOr<machines::Machines::Stub*> stub = connections.worker(name);
  if (!stub.ok()) return stub.status();
  const absl::StatusOr<machines::Worker> worker =
      Call(**stub, &machines::Machines::Stub::GetWorker, machines::GetWorkerRequest(), kPatience);
  if (!worker.ok()) return worker.status();
  ordered_json facts = {{"machines", worker->machines()},
                        {"running", worker->running()},
                        {"operations", worker->operations_in_progress()}};
  if (worker->cordoned()) facts["cordon"] = worker->cordon_reason();
  return facts;
}

FleetPart Part(std::string kind, std::string name, std::string address, const absl::StatusOr<ordered_json>& answer) {
  return {std::move(kind), std::move(name), std::move(address), answer.status(),
          answer.ok() ? *answer : ordered_json::object()};
}

}  // namespace

absl::StatusOr<std::vector<FleetPart>> AskFleet(Session& session) {
  Connections& connections = session.connections;
  const absl::StatusOr<const FlydctlConfig*> config = connections.config();
  if (!config.ok()) return config.status();
  std::vector<FleetPart> parts = {Part("fleetd", "", (*config)->fleetd, AskFleetd(connections))};
  for (const auto& [name, address] : (*config)->signers) {
    parts.push_back(Part("signer", name, address, AskSigner(connections, name)));
  }
  for (const auto& [name, address] : (*config)->workers) {
    parts.push_back(Part("worker", name, address, AskWorker(connections, name)));
  }
  return parts;
}

}  // namespace tools
