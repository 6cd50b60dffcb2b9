#include "tools/flydctl/org_app_commands.h"

#include <cstdio>
#include <memory>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "tools/flydctl/call.h"

namespace tools {
namespace {

namespace pb = fly::fleet::v1;
using Stub = pb::Fleet::Stub;

std::string AlgorithmName(pb::SigningAlgorithm algorithm) {
  return algorithm == pb::SIGNING_ALGORITHM_ES256 ? "ES256" : "RS256";
}

std::string StateName(pb::OrganizationIssuer::State state) {
  std::string name = pb::OrganizationIssuer::State_Name(state).substr(6);
  for (char& c : name) c = static_cast<char>(std::tolower(c));
  return name;
}

void PrintOrganizations(const Session& session, const std::vector<pb::Organization>& organizations) {
  if (session.format == Format::kJson) {
    for (const pb::Organization& organization : organizations) PrintJson(organization);
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"SLUG", "ID", "ALG", "STATE", "DEVELOPMENT", "ISSUER"}};
  for (const pb::Organization& o : organizations) {
    rows.push_back({o.slug(), absl::StrCat(o.id()), AlgorithmName(o.algorithm()), StateName(o.state()),
                    o.development() ? "yes" : "no", o.issuer()});
  }
  PrintTable(rows);
}

void PrintApps(const Session& session, const std::vector<pb::App>& apps) {
  if (session.format == Format::kJson) {
    for (const pb::App& app : apps) PrintJson(app);
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"APP", "ID"}};
  for (const pb::App& a : apps) rows.push_back({absl::StrCat(a.organization_slug(), "/", a.name()), absl::StrCat(a.id())});
  PrintTable(rows);
}

struct OrgArguments {
  std::string slug;
  uint64_t id = 0;
  std::string algorithm = "RS256";
  bool development = false;
};

int CreateOrg(Session& session, const OrgArguments& arguments) {
  absl::StatusOr<Stub*> fleet = session.connections.fleet();
  if (!fleet.ok()) return Fail(fleet.status());
  pb::CreateOrganizationRequest request;
  request.set_slug(arguments.slug);
  request.set_id(arguments.id);
  request.set_algorithm(arguments.algorithm == "ES256" ? pb::SIGNING_ALGORITHM_ES256 : pb::SIGNING_ALGORITHM_RS256);
  request.set_development(arguments.development || (*session.connections.config())->development);
  absl::StatusOr<pb::Organization> created = Call(**fleet, &Stub::CreateOrganization, request);
  if (!created.ok()) return Fail(created.status());
  PrintOrganizations(session, {*created});
  return kExitOk;
}

int ListOrgs(Session& session) {
  absl::StatusOr<Stub*> fleet = session.connections.fleet();
  if (!fleet.ok()) return Fail(fleet.status());
  std::vector<pb::Organization> all;
  pb::ListOrganizationsRequest request;
  do {
    absl::StatusOr<pb::ListOrganizationsResponse> page = Call(**fleet, &Stub::ListOrganizations, request);
    if (!page.ok()) return Fail(page.status());
    all.insert(all.end(), page->organizations().begin(), page->organizations().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  PrintOrganizations(session, all);
  return kExitOk;
}

int ShowOrg(Session& session, const std::string& slug) {
  absl::StatusOr<Stub*> fleet = session.connections.fleet();
  if (!fleet.ok()) return Fail(fleet.status());
  pb::GetOrganizationRequest request;
  request.set_slug(slug);
  absl::StatusOr<pb::Organization> found = Call(**fleet, &Stub::GetOrganization, request);
  if (!found.ok()) return Fail(found.status());
  PrintOrganizations(session, {*found});
  return kExitOk;
}

int SetOrgState(Session& session, const std::string& slug, pb::OrganizationIssuer::State state) {
  absl::StatusOr<Stub*> fleet = session.connections.fleet();
  if (!fleet.ok()) return Fail(fleet.status());
  pb::SetOrganizationStateRequest request;
  request.set_slug(slug);
  request.set_state(state);
  absl::StatusOr<pb::SetOrganizationStateResponse> set = Call(**fleet, &Stub::SetOrganizationState, request);
  if (!set.ok()) return Fail(set.status());
  PrintOrganizations(session, {set->organization()});
  for (const std::string& signer : set->fenced_except()) {
    std::fprintf(stderr, "flydctl: signer %s: has not acknowledged, may sign until its lease ends\n", signer.c_str());
  }
  return set->fenced_except().empty() ? kExitOk : kExitUnavailable;
}

int CreateApp(Session& session, const std::string& name, uint64_t id) {
  absl::StatusOr<std::pair<std::string, std::string>> app = SplitApp(name);
  if (!app.ok()) return Fail(app.status());
  absl::StatusOr<Stub*> fleet = session.connections.fleet();
  if (!fleet.ok()) return Fail(fleet.status());
  pb::CreateAppRequest request;
  request.set_organization_slug(app->first);
  request.set_name(app->second);
  request.set_id(id);
  absl::StatusOr<pb::App> created = Call(**fleet, &Stub::CreateApp, request);
  if (!created.ok()) return Fail(created.status());
  PrintApps(session, {*created});
  return kExitOk;
}

int ListApps(Session& session, const std::string& slug) {
  absl::StatusOr<Stub*> fleet = session.connections.fleet();
  if (!fleet.ok()) return Fail(fleet.status());
  std::vector<pb::App> all;
  pb::ListAppsRequest request;
  request.set_organization_slug(slug);
  do {
    absl::StatusOr<pb::ListAppsResponse> page = Call(**fleet, &Stub::ListApps, request);
    if (!page.ok()) return Fail(page.status());
    all.insert(all.end(), page->apps().begin(), page->apps().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  PrintApps(session, all);
  return kExitOk;
}

}  // namespace

void AddOrgCommands(CLI::App& root, Session& session) {
  CLI::App* org = root.add_subcommand("org", "Organizations: each is an issuer of its own");
  org->require_subcommand(1);

  auto arguments = std::make_shared<OrgArguments>();
  CLI::App* create = org->add_subcommand("create", "Create an organization; its slug is never used again");
  create->add_option("slug", arguments->slug, "[a-z0-9-], at most 32 bytes")->required();
  create->add_option("--id", arguments->id, "Numeric id (default: fleetd chooses)");
  create->add_option("--alg", arguments->algorithm, "Signature algorithm, fixed for ever")
      ->check(CLI::IsMember({"RS256", "ES256"}))
      ->capture_default_str();
  create->add_flag("--development", arguments->development, "Let machines that run the host's own files have tokens");
  create->callback([&session, arguments] { session.command = [&session, arguments] { return CreateOrg(session, *arguments); }; });

  org->add_subcommand("list", "List organizations")->callback([&session] {
    session.command = [&session] { return ListOrgs(session); };
  });

  auto slug = std::make_shared<std::string>();
  const auto with_slug = [&](const char* name, const char* help, std::function<int()> run) {
    CLI::App* command = org->add_subcommand(name, help);
    command->add_option("slug", *slug)->required();
    command->callback([&session, run] { session.command = run; });
  };
  with_slug("show", "Show one organization", [&session, slug] { return ShowOrg(session, *slug); });
  with_slug("stop", "Sign nothing more for it; keys stay published",
            [&session, slug] { return SetOrgState(session, *slug, pb::OrganizationIssuer::STATE_STOPPED); });
  with_slug("resume", "Sign for it again",
            [&session, slug] { return SetOrgState(session, *slug, pb::OrganizationIssuer::STATE_ACTIVE); });
}

void AddAppCommands(CLI::App& root, Session& session) {
  CLI::App* app = root.add_subcommand("app", "Apps of an organization");
  app->require_subcommand(1);

  auto name = std::make_shared<std::string>();
  auto id = std::make_shared<uint64_t>(0);
  CLI::App* create = app->add_subcommand("create", "Create an app");
  create->add_option("name", *name, "ORGANIZATION/APP")->required();
  create->add_option("--id", *id, "Numeric id (default: fleetd chooses)");
  create->callback([&session, name, id] { session.command = [&session, name, id] { return CreateApp(session, *name, *id); }; });

  CLI::App* list = app->add_subcommand("list", "List the apps of an organization");
  list->add_option("organization", *name)->required();
  list->callback([&session, name] { session.command = [&session, name] { return ListApps(session, *name); }; });
}

}  // namespace tools
