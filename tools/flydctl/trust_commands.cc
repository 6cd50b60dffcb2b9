#include "tools/flydctl/trust_commands.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tools/flydctl/call.h"
#include "tools/flydctl/trust_check.h"
#include "tools/trust/subject_audit.h"
#include "tools/trust/trust_scope.h"
#include "tools/trust/write_commands.h"
#include "tools/trust/write_policy.h"

namespace tools {
namespace {

namespace pb = fly::fleet::v1;
using nlohmann::ordered_json;

struct TrustArguments {
  std::string whom;
  std::string scope;
  TrustRequest request;
};

struct Cloud {
  const char* name;
  const char* help;
  absl::StatusOr<ordered_json> (*policy)(const TrustRequest&);
  absl::StatusOr<std::string> (*commands)(const TrustRequest&);
};

const Cloud kClouds[] = {
    {"aws", "A role's trust policy and the commands around it",
     [](const TrustRequest& r) -> absl::StatusOr<ordered_json> { return AwsPolicy(r); },
     [](const TrustRequest& r) -> absl::StatusOr<std::string> { return AwsCommands(r); }},
    {"gcp", "A workload identity pool's provider",
     [](const TrustRequest& r) -> absl::StatusOr<ordered_json> { return GcpProviderPolicy(r); },
     [](const TrustRequest& r) -> absl::StatusOr<std::string> { return GcpCommands(r); }},
    {"azure", "A federated identity credential; of an app or a machine", AzureCredentialPolicy, AzureCommands},
    {"vault", "A role of Vault's or OpenBao's JWT auth method",
     [](const TrustRequest& r) -> absl::StatusOr<ordered_json> { return VaultRolePolicy(r); },
     [](const TrustRequest& r) -> absl::StatusOr<std::string> { return VaultCommands(r); }},
};

// Asks fleetd only where the user has not said it, so that a policy can be written before there is a fleet.
absl::StatusOr<IssuerFacts> IssuerOf(Session& session, const TrustRequest& request) {
  if (!request.issuer.empty()) {
    if (absl::EndsWith(request.issuer, "/")) {
      return absl::InvalidArgumentError(absl::StrCat("issuer: ", request.issuer, ", want no slash at the end: tokens have none"));
    }
    return IssuerFacts{request.scope.organization, request.issuer};
  }
  absl::StatusOr<pb::Fleet::Stub*> fleet = session.connections.fleet();
  if (!fleet.ok()) return fleet.status();
  pb::GetOrganizationRequest get;
  get.set_slug(request.scope.organization);
  absl::StatusOr<pb::Organization> organization = Call(**fleet, &pb::Fleet::Stub::GetOrganization, get);
  if (!organization.ok()) return organization.status();
  return IssuerFacts{organization->slug(), organization->issuer(), organization->algorithm() == pb::SIGNING_ALGORITHM_ES256};
}

int PrintTrust(Session& session, const Cloud& cloud, TrustArguments arguments) {
  TrustRequest& request = arguments.request;
  const absl::StatusOr<TrustScope> scope = ParseTrustScope(arguments.scope, arguments.whom);
  if (!scope.ok()) return Fail(scope.status());
  request.scope = *scope;
  const absl::StatusOr<IssuerFacts> issuer = IssuerOf(session, request);
  if (!issuer.ok()) return Fail(issuer.status());
  request.issuer = issuer->issuer;
  const absl::StatusOr<ordered_json> policy = cloud.policy(request);
  if (!policy.ok()) return Fail(policy.status());
  const absl::StatusOr<std::string> commands = cloud.commands(request);
  if (!commands.ok()) return Fail(commands.status());
  std::printf("%s", session.format == Format::kJson ? (policy->dump(2) + "\n").c_str() : commands->c_str());
  std::vector<Finding> findings;
  AuditIssuer("issuer", request.issuer, {*issuer}, findings);
  for (const Finding& finding : findings) std::fprintf(stderr, "flydctl: %s\n", finding.message.c_str());
  return kExitOk;
}

void AddCloud(CLI::App& trust, Session& session, const Cloud& cloud) {
  auto arguments = std::make_shared<TrustArguments>();
  CLI::App* command = trust.add_subcommand(cloud.name, cloud.help);
  command->add_option("whom", arguments->whom, "ORGANIZATION, ORGANIZATION/APP or ORGANIZATION/APP/MACHINE")->required();
  command->add_option("--scope", arguments->scope, "org, app or machine (default: what the name says)")
      ->check(CLI::IsMember({"org", "app", "machine"}));
  command->add_option("--issuer", arguments->request.issuer, "Issuer (default: fleetd is asked)");
  command->add_option("--aud", arguments->request.audience, "Audience (default: the cloud's usual one)");
  command->add_option("--name", arguments->request.name, "Of role, provider or credential (default: the names with hyphens)");
  command->add_option("--account", arguments->request.account, "AWS account id");
  command->add_option("--project-number", arguments->request.project_number, "Google Cloud project number");
  command->callback([&session, &cloud, arguments] {
    session.command = [&session, &cloud, arguments] { return PrintTrust(session, cloud, *arguments); };
  });
}

}  // namespace

void AddTrustCommands(CLI::App& root, Session& session) {
  CLI::App* trust = root.add_subcommand("trust", "What makes a cloud trust machines; -o json prints the policy alone");
  trust->require_subcommand(1);
  for (const Cloud& cloud : kClouds) AddCloud(*trust, session, cloud);

  auto path = std::make_shared<std::string>();
  auto issuer = std::make_shared<std::string>();
  CLI::App* check = trust->add_subcommand("check", "Which machines a policy admits, and what an audit says; ends with 4 on a danger");
  check->add_option("policy", *path, "A JSON file, or - for standard input")->required();
  check->add_option("--issuer", *issuer, "bound_issuer of a Vault mount, which a role does not say");
  check->callback([&session, path, issuer] { session.command = [&session, path, issuer] { return CheckTrust(session, *path, *issuer); }; });
}

}  // namespace tools
