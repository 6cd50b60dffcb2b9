#include "tools/flydctl/trust_check.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tools/flydctl/fleet_facts.h"
#include "tools/trust/check_machines.h"
#include "tools/trust/parse_trust_policy.h"

namespace tools {
namespace {

absl::StatusOr<std::string> ReadPolicy(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read, want a policy"));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

const char* Word(Truth admitted) {
  switch (admitted) {
    case Truth::kTrue: return "admitted";
    case Truth::kUnknown: return "unknown";
    case Truth::kFalse: break;
  }
  return "refused";
}

const char* Word(Severity severity) { return severity == Severity::kDanger ? "danger" : "warning"; }

std::string NameOf(const MachineFacts& machine) {
  return absl::StrCat(machine.organization, "/", machine.app, "/", machine.machine);
}

struct Report {
  std::string kind;
  std::vector<MachineFacts> machines;
  std::vector<MachineVerdict> verdicts;  // one for each machine
  std::vector<Finding> findings;
};

void PrintReportJson(const Report& report) {
  nlohmann::ordered_json json = {{"kind", report.kind}, {"machines", nlohmann::ordered_json::array()},
                                 {"findings", nlohmann::ordered_json::array()}};
  for (size_t i = 0; i < report.machines.size(); ++i) {
    json["machines"].push_back({{"machine", NameOf(report.machines[i])},
                                {"sub", SubjectOf(report.machines[i])},
                                {"aud", report.verdicts[i].audience},
                                {"verdict", Word(report.verdicts[i].verdict.admitted)},
                                {"why", report.verdicts[i].verdict.why}});
  }
  for (const Finding& finding : report.findings) {
    json["findings"].push_back({{"severity", Word(finding.severity)}, {"code", finding.code}, {"message", finding.message}});
  }
  std::printf("%s\n", json.dump(2).c_str());
}

void PrintReport(const Report& report) {
  std::vector<std::vector<std::string>> rows = {{"MACHINE", "SUB", "VERDICT", "WHY"}};
  size_t admitted = 0, unknown = 0;
  for (size_t i = 0; i < report.machines.size(); ++i) {
    const Verdict& verdict = report.verdicts[i].verdict;
    admitted += verdict.admitted == Truth::kTrue;
    unknown += verdict.admitted == Truth::kUnknown;
    rows.push_back({NameOf(report.machines[i]), SubjectOf(report.machines[i]), Word(verdict.admitted), verdict.why});
  }
  PrintTable(rows);
  const std::string rest = unknown == 0 ? "" : absl::StrCat(", ", unknown, " not judged");
  std::printf("%s: admits %zu of %zu machines%s\n", report.kind.c_str(), admitted, report.machines.size(), rest.c_str());
  for (const Finding& finding : report.findings) {
    std::printf("%s %s: %s\n", Word(finding.severity), finding.code.c_str(), finding.message.c_str());
  }
}

}  // namespace

int CheckTrust(Session& session, const std::string& path, const std::string& issuer) {
  const absl::StatusOr<std::string> text = ReadPolicy(path);
  if (!text.ok()) return Fail(text.status());
  const absl::StatusOr<std::unique_ptr<TrustPolicy>> policy = ParseTrustPolicy(*text, issuer);
  if (!policy.ok()) return Fail(policy.status());
  const absl::StatusOr<fly::fleet::v1::Fleet::Stub*> fleet = session.connections.fleet();
  if (!fleet.ok()) return Fail(fleet.status());
  absl::StatusOr<FleetFacts> facts = ReadFleetFacts(**fleet);
  if (!facts.ok()) return Fail(facts.status());
  Report report = {std::string((*policy)->kind()), std::move(facts->machines), {}, (*policy)->Audit(facts->issuers)};
  for (const MachineFacts& machine : report.machines) report.verdicts.push_back(CheckMachine(**policy, machine));
  if (session.format == Format::kJson) PrintReportJson(report);
  else PrintReport(report);
  const bool danger = std::any_of(report.findings.begin(), report.findings.end(),
                                  [](const Finding& finding) { return finding.severity == Severity::kDanger; });
  return danger ? kExitRefused : kExitOk;
}

}  // namespace tools
