#include "tokensvc/macaroon/caveats/caveat.h"

#include <type_traits>

#include "absl/strings/str_cat.h"

namespace tokensvc::macaroon {
namespace {

// nullptr: no such type. The names are those of the public library's JSON form.
const char* RegisteredName(CaveatType type) {
  switch (type) {
    case CaveatType::kOrganization: return "Organization";
    case CaveatType::kVolumes: return "Volumes";
    case CaveatType::kApps: return "Apps";
    case CaveatType::kValidityWindow: return "ValidityWindow";
    case CaveatType::kFeatureSet: return "FeatureSet";
    case CaveatType::kMutations: return "Mutations";
    case CaveatType::kMachines: return "Machines";
    case CaveatType::kConfineUser: return "ConfineUser";
    case CaveatType::kConfineOrganization: return "ConfineOrganization";
    case CaveatType::kIsUser: return "IsUser";
    case CaveatType::kThirdParty: return "3P";
    case CaveatType::kBindToParentToken: return "BindToParentToken";
    case CaveatType::kIfPresent: return "IfPresent";
    case CaveatType::kMachineFeatureSet: return "MachineFeatureSet";
    case CaveatType::kFromMachineSource: return "FromMachineSource";
    case CaveatType::kClusters: return "Clusters";
    case CaveatType::kConfineGoogleHd: return "ConfineGoogleHD";
    case CaveatType::kConfineGitHubOrg: return "ConfineGitHubOrg";
    case CaveatType::kMaxValidity: return "MaxValidity";
    case CaveatType::kIsMember: return "IsMember";
    case CaveatType::kFlyioUserId: return "FlyioUserID";
    case CaveatType::kGitHubUserId: return "GitHubUserID";
    case CaveatType::kGoogleUserId: return "GoogleUserID";
    case CaveatType::kAction: return "Action";
    case CaveatType::kCommands: return "Commands";
    case CaveatType::kAppFeatureSet: return "AppFeatureSet";
    case CaveatType::kStorageObjects: return "StorageObjects";
    case CaveatType::kAllowedRoles: return "AllowedRoles";
    case CaveatType::kFlySrc: return "FlySrc";
  }
  return nullptr;
}

}  // namespace

bool operator==(const Caveat& a, const Caveat& b) { return a.body == b.body; }

bool operator==(const IfPresent& a, const IfPresent& b) { return a.ifs == b.ifs && a.otherwise == b.otherwise; }

uint64_t Caveat::type() const {
  return std::visit(
      [](const auto& typed) -> uint64_t {
        if constexpr (std::is_same_v<std::decay_t<decltype(typed)>, Unregistered>) {
          return typed.type;
        } else {
          return static_cast<uint64_t>(typed.kType);
        }
      },
      body);
}

bool IsRegistered(uint64_t type) { return RegisteredName(static_cast<CaveatType>(type)) != nullptr; }

std::string CaveatName(const Caveat& caveat) {
  const char* name = RegisteredName(static_cast<CaveatType>(caveat.type()));
  return name != nullptr ? name : absl::StrCat("unregistered ", caveat.type());
}

bool IsAttestation(const Caveat& caveat) {
  return std::holds_alternative<FlyioUserId>(caveat.body) || std::holds_alternative<GitHubUserId>(caveat.body) ||
         std::holds_alternative<GoogleUserId>(caveat.body);
}

}  // namespace tokensvc::macaroon
