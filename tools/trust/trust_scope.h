#ifndef TOOLS_TRUST_TRUST_SCOPE_H_
#define TOOLS_TRUST_TRUST_SCOPE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tools {

enum class Scope { kOrganization, kApp, kMachine };

// Whom a trust is for. Invariant: the names that the scope needs are set and well-formed, the others are empty.
struct TrustScope {
  Scope scope = Scope::kOrganization;
  std::string organization;
  std::string app;
  std::string machine;
};

// "acme", "acme/web" or "acme/web/m1"; `scope` is "org", "app", "machine", or empty for what the name says. A longer name
// is cut to its scope. InvalidArgument: a name too short for its scope, or not made of names.
absl::StatusOr<TrustScope> ParseTrustScope(absl::string_view scope, absl::string_view name);

// "every machine of acme", "every machine of acme/web", "the machine acme/web/m1".
std::string Describe(const TrustScope& scope);

// The names with hyphens between: what roles, providers and credentials are called unless the user says otherwise.
std::string HyphenName(const TrustScope& scope);

}  // namespace tools

#endif  // TOOLS_TRUST_TRUST_SCOPE_H_
