#include "tools/trust/trust_scope.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tokensvc/limits.h"
#include "tokensvc/names.h"

namespace tools {
namespace {

constexpr absl::string_view kScopes[] = {"org", "app", "machine"};
constexpr absl::string_view kForms[] = {"ORGANIZATION", "ORGANIZATION/APP", "ORGANIZATION/APP/MACHINE"};
constexpr size_t kLongest[] = {tokensvc::kMaxOrganizationSlugBytes, tokensvc::kMaxAppNameBytes, tokensvc::kMaxMachineNameBytes};

absl::StatusOr<size_t> PartsOf(absl::string_view scope, size_t given) {
  for (size_t i = 0; i < std::size(kScopes); ++i) {
    if (kScopes[i] == scope) return i + 1;
  }
  if (scope.empty()) return given;
  return absl::InvalidArgumentError(absl::StrCat("scope: ", scope, ", want org, app or machine"));
}

}  // namespace

absl::StatusOr<TrustScope> ParseTrustScope(absl::string_view scope, absl::string_view name) {
  std::vector<std::string> parts = absl::StrSplit(name, '/');
  const absl::StatusOr<size_t> wanted = PartsOf(scope, parts.size());
  if (!wanted.ok()) return wanted.status();
  if (parts.size() < *wanted || parts.size() > std::size(kForms)) {
    return absl::InvalidArgumentError(absl::StrCat("name: \"", name, "\", want ", kForms[*wanted > 3 ? 2 : *wanted - 1]));
  }
  parts.resize(*wanted);
  for (size_t i = 0; i < parts.size(); ++i) {
    const absl::Status checked = tokensvc::CheckName(parts[i], kLongest[i]);
    if (!checked.ok()) return absl::InvalidArgumentError(absl::StrCat("name: \"", name, "\": ", checked.message()));
  }
  parts.resize(3);
  return TrustScope{static_cast<Scope>(*wanted - 1), parts[0], parts[1], parts[2]};
}

std::string Describe(const TrustScope& scope) {
  switch (scope.scope) {
    case Scope::kOrganization: return absl::StrCat("every machine of ", scope.organization);
    case Scope::kApp: return absl::StrCat("every machine of ", scope.organization, "/", scope.app);
    case Scope::kMachine: break;
  }
  return absl::StrCat("the machine ", scope.organization, "/", scope.app, "/", scope.machine);
}

std::string HyphenName(const TrustScope& scope) {
  std::string name = scope.organization;
  for (const std::string* part : {&scope.app, &scope.machine}) {
    if (!part->empty()) absl::StrAppend(&name, "-", *part);
  }
  return name;
}

}  // namespace tools
