#include "tools/flydctl/fleet_facts.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "tools/flydctl/call.h"

namespace tools {
namespace {

namespace pb = fly::fleet::v1;
using Stub = pb::Fleet::Stub;

constexpr int kPageSize = 1000;

absl::StatusOr<std::vector<IssuerFacts>> ReadIssuers(Stub& fleet) {
  std::vector<IssuerFacts> issuers;
  pb::ListOrganizationsRequest request;
  request.set_page_size(kPageSize);
  do {
    absl::StatusOr<pb::ListOrganizationsResponse> page = Call(fleet, &Stub::ListOrganizations, request);
    if (!page.ok()) return page.status();
    for (const pb::Organization& o : page->organizations()) {
      issuers.push_back({o.slug(), o.issuer(), o.algorithm() == pb::SIGNING_ALGORITHM_ES256});
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return issuers;
}

MachineFacts FactsOf(const pb::PlacedMachine& machine, const std::string& issuer) {
  MachineFacts facts = {.organization = machine.organization_slug(),
                        .issuer = issuer,
                        .app = machine.app_name(),
                        .machine = machine.name(),
                        .app_subject = machine.policy().subject() == pb::PlacementPolicy::SUBJECT_APP,
                        .any_audience = machine.policy().any_audience(),
                        .audiences = {machine.policy().audiences().begin(), machine.policy().audiences().end()}};
  facts.audiences.push_back(machine.policy().default_audience());
  return facts;
}

}  // namespace

absl::StatusOr<FleetFacts> ReadFleetFacts(Stub& fleet) {
  absl::StatusOr<std::vector<IssuerFacts>> issuers = ReadIssuers(fleet);
  if (!issuers.ok()) return issuers.status();
  FleetFacts facts = {*std::move(issuers), {}};
  std::map<std::string, std::string> issuer_of;
  for (const IssuerFacts& issuer : facts.issuers) issuer_of[issuer.organization] = issuer.issuer;
  pb::ListMachinesRequest request;
  request.set_page_size(kPageSize);
  do {
    absl::StatusOr<pb::ListMachinesResponse> page = Call(fleet, &Stub::ListMachines, request);
    if (!page.ok()) return page.status();
    for (const pb::PlacedMachine& machine : page->machines()) {
      facts.machines.push_back(FactsOf(machine, issuer_of[machine.organization_slug()]));
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  std::sort(facts.machines.begin(), facts.machines.end(), [](const MachineFacts& a, const MachineFacts& b) {
    return std::tie(a.organization, a.app, a.machine) < std::tie(b.organization, b.app, b.machine);
  });
  return facts;
}

}  // namespace tools
