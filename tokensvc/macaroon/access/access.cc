#include "tokensvc/macaroon/access/access.h"

#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tokensvc::macaroon {
namespace {

struct Named {
  const char* name;
  bool present;
};

std::vector<const char*> PresentNames(std::initializer_list<Named> resources) {
  std::vector<const char*> names;
  for (const Named& resource : resources) {
    if (resource.present) names.push_back(resource.name);
  }
  return names;
}

void RequireAtMostOne(std::initializer_list<Named> siblings, std::vector<Denial>& denials) {
  const std::vector<const char*> names = PresentNames(siblings);
  if (names.size() <= 1) return;
  denials.push_back({DenialKind::kResourcesMutuallyExclusive,
                     absl::StrCat("access: ", absl::StrJoin(names, " and "), ", want at most one of them")});
}

void RequireParent(const Named& parent, std::initializer_list<Named> children, std::vector<Denial>& denials) {
  const std::vector<const char*> names = PresentNames(children);
  if (names.empty() || parent.present) return;
  denials.push_back({DenialKind::kResourceUnspecified,
                     absl::StrCat("access: ", names[0], " without ", parent.name, ", want both")});
}

}  // namespace

std::vector<Denial> ValidateAccess(const Access& access) {
  const Named app{"app", access.app_id.has_value()};
  const Named app_feature{"app feature", access.app_feature.has_value()};
  const Named organization_feature{"organization feature", access.organization_feature.has_value()};
  const Named storage_object{"storage object", access.storage_object.has_value()};
  const Named machine{"machine", access.machine.has_value()};
  const Named machine_feature{"machine feature", access.machine_feature.has_value()};
  const Named volume{"volume", access.volume.has_value()};
  const Named command{"command", access.command.has_value()};
  const Named cluster{"cluster", access.cluster.has_value()};

  std::vector<Denial> denials;
  if (!access.organization_id.has_value()) {
    denials.push_back({DenialKind::kResourceUnspecified, "access: no organization, want one"});
  }
  RequireAtMostOne({app, organization_feature, storage_object}, denials);
  RequireParent(app, {machine, volume, app_feature}, denials);
  RequireAtMostOne({machine, volume, app_feature}, denials);
  RequireParent(organization_feature, {cluster}, denials);
  if (cluster.present && organization_feature.present && *access.organization_feature != "litefs-cloud") {
    denials.push_back({DenialKind::kInvalidAccess, "access: cluster of another feature, want litefs-cloud"});
  }
  RequireParent(machine, {command, machine_feature}, denials);
  RequireAtMostOne({command, machine_feature}, denials);
  return denials;
}

}  // namespace tokensvc::macaroon
