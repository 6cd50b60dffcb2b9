#include "tools/flydctl/fleet_commands.h"

#include <cstdio>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "nlohmann/json.hpp"
#include "tools/flydctl/call.h"
#include "tools/flydctl/fleet_parts.h"

namespace tools {
namespace {

namespace pb = fly::fleet::v1;
using Stub = pb::Fleet::Stub;
using nlohmann::ordered_json;

void PrintPart(const FleetPart& part) {
  ordered_json line = {{"kind", part.kind}, {"name", part.name}, {"address", part.address}, {"answers", part.status.ok()}};
  if (!part.status.ok()) line["error"] = std::string(part.status.message());
  line.update(part.facts);
  std::printf("%s\n", line.dump().c_str());
}

// "log number 4, keys 2".
std::string FactsText(const ordered_json& facts) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : facts.items()) {
    texts.push_back(absl::StrCat(absl::StrReplaceAll(name, {{"_", " "}}), " ",
                                 value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return absl::StrJoin(texts, ", ");
}

int Status(Session& session) {
  const absl::StatusOr<std::vector<FleetPart>> parts = AskFleet(session);
  if (!parts.ok()) return Fail(parts.status());
  int code = kExitOk;
  std::vector<std::vector<std::string>> rows = {{"KIND", "NAME", "ADDRESS", "ANSWERS", "FACTS"}};
  for (const FleetPart& part : *parts) {
    if (code == kExitOk) code = ExitCodeOf(part.status);
    if (session.format == Format::kJson) PrintPart(part);
    rows.push_back({part.kind, part.name.empty() ? "-" : part.name, part.address, part.status.ok() ? "yes" : "no",
                    part.status.ok() ? FactsText(part.facts) : std::string(part.status.message())});
  }
  if (session.format != Format::kJson) PrintTable(rows);
  return code;
}

int Machines(Session& session) {
  absl::StatusOr<Stub*> fleet = session.connections.fleet();
  if (!fleet.ok()) return Fail(fleet.status());
  std::vector<std::vector<std::string>> rows = {{"ID", "NAME", "APP", "WORKER", "REGION", "GENERATION", "VERSION"}};
  pb::ListMachinesRequest request;
  do {
    const absl::StatusOr<pb::ListMachinesResponse> page = Call(**fleet, &Stub::ListMachines, request);
    if (!page.ok()) return Fail(page.status());
    for (const pb::PlacedMachine& m : page->machines()) {
      if (session.format == Format::kJson) PrintJson(m);
      rows.push_back({m.id(), m.name(), absl::StrCat(m.organization_slug(), "/", m.app_name()), m.worker(), m.region(),
                      absl::StrCat(m.generation()), m.version()});
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (session.format != Format::kJson) PrintTable(rows);
  return kExitOk;
}

}  // namespace

void AddFleetCommands(CLI::App& root, Session& session) {
  CLI::App* fleet = root.add_subcommand("fleet", "The fleet as a whole");
  fleet->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, int (*run)(Session&)) {
    fleet->add_subcommand(name, help)->callback(
        [&session, run] { session.command = [&session, run] { return run(session); }; });
  };
  add("status", "Ask each program of the configuration; ends as the first that does not answer", &Status);
  add("machines", "Where each machine stands by fleetd's word, also where its worker does not answer", &Machines);
}

}  // namespace tools
