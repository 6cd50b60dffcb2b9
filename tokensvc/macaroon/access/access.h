#ifndef TOKENSVC_MACAROON_ACCESS_ACCESS_H_
#define TOKENSVC_MACAROON_ACCESS_ACCESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tokensvc/macaroon/access/denial.h"
#include "tokensvc/macaroon/caveats/action.h"

namespace tokensvc::macaroon {

// What somebody attempts: one action on one resource, named with its parents. nullopt is "not concerned".
struct Access {
  Action action = Action::kNone;
  absl::Time now;
  std::optional<uint64_t> organization_id;
  std::optional<uint64_t> app_id;
  std::optional<std::string> app_feature;
  std::optional<std::string> organization_feature;
  std::optional<std::string> volume;
  std::optional<std::string> machine;
  std::optional<std::string> machine_feature;  // "oidc", "metadata"
  std::optional<std::string> mutation;
  std::optional<std::string> cluster;
  std::optional<std::vector<std::string>> command;
  std::optional<std::string> storage_object;

  // Who asks, learned from the transport and never from the caller.
  std::optional<std::string> source_machine;
  std::optional<std::string> source_app;
  std::optional<std::string> source_organization;
};

// What is wrong with the access itself, whatever the token: no organization, siblings named together, a resource
// without its parent. Empty: nothing.
std::vector<Denial> ValidateAccess(const Access& access);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_ACCESS_ACCESS_H_
