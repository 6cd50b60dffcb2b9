#include "tokensvc/fleet/service/fleet_handler.h"

#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_context.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/fleet/v1/fleet.grpc.pb.h"
#include "tokensvc/fleet/registry/parse_policy.h"
#include "tokensvc/fleet/service/parse_fleet_request.h"
#include "tokensvc/fleet/service/renew_each.h"
#include "tokensvc/fleetlog/fleet_change_codec.h"

namespace tokensvc {
namespace {

namespace pb = fly::fleet::v1;

// So that a machine that runs a moment after its organization was created or resumed is signed for. A signer that is away
// learns of it when it is back.
constexpr absl::Duration kNewIssuerWait = absl::Seconds(2);

class FleetHandler final : public pb::Fleet::Service {
 public:
  FleetHandler(OrganizationAuthority& organizations, MachineAuthority& machines, Registry& registry, FleetLog& log,
               FleetAudit& audit)
      : organizations_(organizations), machines_(machines), registry_(registry), log_(log), audit_(audit) {}

  grpc::Status CreateOrganization(grpc::ServerContext* context, const pb::CreateOrganizationRequest* request,
                                  pb::Organization* response) override {
    const absl::StatusOr<OrganizationAuthority::NewOrganization> parsed = ParseCreateOrganization(*request);
    if (!parsed.ok()) return audit_.Read(*context, "CreateOrganization", request->slug(), parsed.status());
    const absl::StatusOr<OrganizationEntry> created = organizations_.Create(*parsed);
    if (created.ok()) Fill(*created, *response);
    if (created.ok()) log_.AwaitSettled(log_.number(), kNewIssuerWait);
    return audit_.Changed(*context, "CreateOrganization", request->slug(), created.status());
  }

  grpc::Status GetOrganization(grpc::ServerContext* context, const pb::GetOrganizationRequest* request,
                               pb::Organization* response) override {
    const absl::StatusOr<OrganizationEntry> found = organizations_.Get(request->slug());
    if (found.ok()) Fill(*found, *response);
    return audit_.Read(*context, "GetOrganization", request->slug(), found.status());
  }

  grpc::Status ListOrganizations(grpc::ServerContext* context, const pb::ListOrganizationsRequest* request,
                                 pb::ListOrganizationsResponse* response) override {
    const absl::StatusOr<size_t> size = ParsePageSize(request->page_size());
    if (!size.ok()) return audit_.Read(*context, "ListOrganizations", "", size.status());
    const std::vector<OrganizationEntry> page = log_.ListOrganizations(request->page_token(), *size + 1);
    for (size_t i = 0; i < page.size() && i < *size; ++i) Fill(page[i], *response->add_organizations());
    if (page.size() > *size) response->set_next_page_token(page[*size - 1].issuer.slug);
    return grpc::Status::OK;
  }

  grpc::Status SetOrganizationState(grpc::ServerContext* context, const pb::SetOrganizationStateRequest* request,
                                    pb::SetOrganizationStateResponse* response) override {
    const absl::StatusOr<IssuerState> state = ParseState(*request);
    if (!state.ok()) return audit_.Read(*context, "SetOrganizationState", request->slug(), state.status());
    const absl::StatusOr<OrganizationAuthority::Changed> changed = organizations_.SetState(request->slug(), *state);
    if (changed.ok()) {
      Fill(changed->organization, *response->mutable_organization());
      *response->mutable_fenced_except() = {changed->fenced_except.begin(), changed->fenced_except.end()};
      if (*state == IssuerState::kActive) log_.AwaitSettled(log_.number(), kNewIssuerWait);
    }
    return audit_.Changed(*context, "SetOrganizationState", request->slug(), changed.status());
  }

  grpc::Status CreateApp(grpc::ServerContext* context, const pb::CreateAppRequest* request,
                         pb::App* response) override {
    const std::string subject = absl::StrCat(request->organization_slug(), "/", request->name());
    const absl::StatusOr<AppRecord> created =
        organizations_.CreateApp(request->organization_slug(), request->name(), request->id());
    if (created.ok()) Fill(*created, request->organization_slug(), *response);
    return audit_.Changed(*context, "CreateApp", subject, created.status());
  }

  grpc::Status GetApp(grpc::ServerContext* context, const pb::GetAppRequest* request, pb::App* response) override {
    const std::string subject = absl::StrCat(request->organization_slug(), "/", request->name());
    const absl::StatusOr<AppRecord> found = organizations_.GetApp(request->organization_slug(), request->name());
    if (found.ok()) Fill(*found, request->organization_slug(), *response);
    return audit_.Read(*context, "GetApp", subject, found.status());
  }

  grpc::Status ListApps(grpc::ServerContext* context, const pb::ListAppsRequest* request,
                        pb::ListAppsResponse* response) override {
    const absl::StatusOr<size_t> size = ParsePageSize(request->page_size());
    if (!size.ok()) return audit_.Read(*context, "ListApps", request->organization_slug(), size.status());
    const absl::StatusOr<OrganizationEntry> organization = organizations_.Get(request->organization_slug());
    if (!organization.ok()) {
      return audit_.Read(*context, "ListApps", request->organization_slug(), organization.status());
    }
    const absl::StatusOr<std::vector<AppRecord>> page =
        registry_.ListApps(organization->issuer.organization_id, request->page_token(), *size + 1);
    if (!page.ok()) return audit_.Read(*context, "ListApps", request->organization_slug(), page.status());
    for (size_t i = 0; i < page->size() && i < *size; ++i) {
      Fill((*page)[i], request->organization_slug(), *response->add_apps());
    }
    if (page->size() > *size) response->set_next_page_token((*page)[*size - 1].name);
    return grpc::Status::OK;
  }

  grpc::Status PlaceMachine(grpc::ServerContext* context, const pb::PlaceMachineRequest* request,
                            pb::PlaceMachineResponse* response) override {
    const std::string subject = absl::StrCat(request->organization_slug(), "/", request->app_name());
    const absl::StatusOr<PlaceRequest> parsed = ParsePlaceMachine(*request);
    if (!parsed.ok()) return audit_.Read(*context, "PlaceMachine", subject, parsed.status());
    const absl::StatusOr<Placed> placed = machines_.Place(*parsed);
    if (!placed.ok()) return audit_.Changed(*context, "PlaceMachine", subject, placed.status());
    response->set_placement(placed->placement);
    response->set_machine_id(placed->machine.id);
    response->set_machine_name(placed->machine.name);
    response->set_machine_version(placed->version);
    response->set_generation(placed->machine.generation);
    return audit_.Changed(*context, "PlaceMachine", placed->machine.id, absl::OkStatus());
  }

  grpc::Status MoveMachine(grpc::ServerContext* context, const pb::MoveMachineRequest* request,
                           pb::MoveMachineResponse* response) override {
    const absl::StatusOr<Moved> moved = machines_.Move(request->machine_id(), request->target_worker(),
                                                       request->target_region(), request->expected_generation());
    if (moved.ok()) {
      *response->mutable_placements() = {moved->placements.begin(), moved->placements.end()};
      *response->mutable_fenced_except() = {moved->fenced_except.begin(), moved->fenced_except.end()};
      response->set_generation(moved->generation);
    }
    return audit_.Changed(*context, "MoveMachine", request->machine_id(), moved.status());
  }

  grpc::Status RenewPlacements(grpc::ServerContext* context, const pb::RenewPlacementsRequest* request,
                               pb::RenewPlacementsResponse* response) override {
    const absl::Status renewed = RenewEach(machines_, "", *request, *response);
    return audit_.Changed(*context, "RenewPlacements", absl::StrCat(request->machine_ids_size(), " machines"), renewed);
  }

  grpc::Status RetireMachine(grpc::ServerContext* context, const pb::RetireMachineRequest* request,
                             pb::RetireMachineResponse* response) override {
    const absl::StatusOr<std::vector<std::string>> fenced_except = machines_.Retire(request->machine_id());
    if (fenced_except.ok()) *response->mutable_fenced_except() = {fenced_except->begin(), fenced_except->end()};
    return audit_.Changed(*context, "RetireMachine", request->machine_id(), fenced_except.status());
  }

  grpc::Status ListMachines(grpc::ServerContext* context, const pb::ListMachinesRequest* request,
                            pb::ListMachinesResponse* response) override {
    const absl::StatusOr<size_t> size = ParsePageSize(request->page_size());
    if (!size.ok()) return audit_.Read(*context, "ListMachines", "", size.status());
    const absl::StatusOr<std::vector<PlacedMachine>> page = registry_.ListMachines(request->page_token(), *size + 1);
    if (!page.ok()) return audit_.Read(*context, "ListMachines", "", page.status());
    for (size_t i = 0; i < page->size() && i < *size; ++i) Fill((*page)[i], *response->add_machines());
    if (page->size() > *size) response->set_next_page_token((*page)[*size - 1].machine.id);
    return grpc::Status::OK;
  }

 private:
  void Fill(const PlacedMachine& placed, pb::PlacedMachine& proto) const {
    const std::optional<OrganizationEntry> organization = log_.FindOrganization(placed.app.organization_id);
    proto.set_id(placed.machine.id);
    proto.set_name(placed.machine.name);
    if (organization.has_value()) proto.set_organization_slug(organization->issuer.slug);
    proto.set_app_name(placed.app.name);
    proto.set_worker(placed.machine.worker);
    proto.set_region(placed.machine.region);
    proto.set_generation(placed.machine.generation);
    proto.set_version(placed.version.version);
    PolicyToProto(placed.version, *proto.mutable_policy());
  }

  void Fill(const OrganizationEntry& entry, pb::Organization& proto) const {
    pb::OrganizationIssuer issuer;
    IssuerToProto(entry.issuer, issuer);
    proto.set_id(issuer.organization_id());
    proto.set_slug(issuer.slug());
    proto.set_algorithm(issuer.algorithm());
    proto.set_epoch(issuer.epoch());
    proto.set_state(issuer.state());
    proto.set_development(issuer.development());
    proto.set_issuer(absl::StrCat(log_.settings()->issuer_base, "/", issuer.slug()));
    proto.set_created_unix(absl::ToUnixSeconds(entry.created));
  }

  static void Fill(const AppRecord& app, const std::string& organization_slug, pb::App& proto) {
    proto.set_id(app.id);
    proto.set_name(app.name);
    proto.set_organization_id(app.organization_id);
    proto.set_organization_slug(organization_slug);
    proto.set_created_unix(absl::ToUnixSeconds(app.created));
  }

  OrganizationAuthority& organizations_;
  MachineAuthority& machines_;
  Registry& registry_;
  FleetLog& log_;
  FleetAudit& audit_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeFleetHandler(OrganizationAuthority& organizations, MachineAuthority& machines,
                                                Registry& registry, FleetLog& log, FleetAudit& audit) {
  return std::make_unique<FleetHandler>(organizations, machines, registry, log, audit);
}

}  // namespace tokensvc
