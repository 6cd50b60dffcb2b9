#include "tokensvc/macaroon/access/find_denials.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "tokensvc/macaroon/access/roles.h"

namespace tokensvc::macaroon {
namespace {

using Denials = std::vector<Denial>;

Denials Deny(DenialKind kind, std::string message) { return {{kind, std::move(message)}}; }

Denials Unspecified(absl::string_view resource) {
  return Deny(DenialKind::kResourceUnspecified, absl::StrCat("no ", resource, " in the access, want one"));
}

// The action must be within `mask`.
Denials CheckAction(Action action, Action mask) {
  if (IsSubset(action, mask)) return {};
  return Deny(DenialKind::kUnauthorizedForAction,
              absl::StrCat("action ", ActionText(action), ", token allows \"", ActionText(mask), "\""));
}

template <typename Id>
bool Matches(const Id& entry, const Id& wanted) {
  return entry == Id() || entry == wanted;
}

bool MatchesPrefix(const std::string& entry, const std::string& wanted) { return absl::StartsWith(wanted, entry); }

template <typename Id, typename Match>
Denials CheckResources(const ResourceSet<Id>& resources, absl::string_view name, const std::optional<Id>& wanted,
                       Action action, Match matches) {
  if (resources.size() > 1 && resources.count(Id()) > 0) {
    return Deny(DenialKind::kBadCaveat, "a wildcard beside other ids, want it alone");
  }
  if (!wanted.has_value()) return Unspecified(name);
  std::optional<Action> mask;
  for (const auto& [id, allowed] : resources) {
    if (matches(id, *wanted)) mask = mask.value_or(allowed) & allowed;
  }
  if (mask.has_value()) return CheckAction(action, *mask);
  return Deny(DenialKind::kUnauthorizedForResource,
              absl::StrCat(name, " ", *wanted, ", token allows ", resources.size(), " others"));
}

template <typename Id>
Denials CheckResources(const ResourceSet<Id>& resources, absl::string_view name, const std::optional<Id>& wanted,
                       Action action) {
  return CheckResources(resources, name, wanted, action, Matches<Id>);
}

// The rule of each type, one overload each.

Denials Check(const Organization& caveat, const Access& access) {
  if (!access.organization_id.has_value()) return Unspecified("organization");
  if (caveat.id != 0 && caveat.id != *access.organization_id) {
    return Deny(DenialKind::kUnauthorizedForResource,
                absl::StrCat("organization ", *access.organization_id, ", token allows ", caveat.id));
  }
  return CheckAction(access.action, caveat.mask);
}

Denials Check(const Volumes& caveat, const Access& access) {
  return CheckResources(caveat.resources, "volume", access.volume, access.action);
}
Denials Check(const Apps& caveat, const Access& access) {
  return CheckResources(caveat.resources, "app", access.app_id, access.action);
}
Denials Check(const FeatureSet& caveat, const Access& access) {
  return CheckResources(caveat.resources, "organization feature", access.organization_feature, access.action);
}
Denials Check(const Machines& caveat, const Access& access) {
  return CheckResources(caveat.resources, "machine", access.machine, access.action);
}
Denials Check(const MachineFeatureSet& caveat, const Access& access) {
  return CheckResources(caveat.resources, "machine feature", access.machine_feature, access.action);
}
Denials Check(const Clusters& caveat, const Access& access) {
  return CheckResources(caveat.resources, "cluster", access.cluster, access.action);
}
Denials Check(const AppFeatureSet& caveat, const Access& access) {
  return CheckResources(caveat.resources, "app feature", access.app_feature, access.action);
}
Denials Check(const StorageObjects& caveat, const Access& access) {
  return CheckResources(caveat.resources, "storage object", access.storage_object, access.action, MatchesPrefix);
}

Denials Check(const ValidityWindow& caveat, const Access& access) {
  // Compared with the sub-second now: 1 ns after not_after is too late.
  if (access.now > absl::FromUnixSeconds(caveat.not_after)) {
    return Deny(DenialKind::kUnauthorized,
                absl::StrCat("now ", absl::ToUnixSeconds(access.now), ", token ended at ", caveat.not_after));
  }
  if (access.now < absl::FromUnixSeconds(caveat.not_before)) {
    return Deny(DenialKind::kUnauthorized,
                absl::StrCat("now ", absl::ToUnixSeconds(access.now), ", token begins at ", caveat.not_before));
  }
  return {};
}

Denials Check(const Mutations& caveat, const Access& access) {
  if (!access.mutation.has_value()) return Unspecified("mutation");
  const std::vector<std::string> allowed = caveat.mutations.value_or(std::vector<std::string>());
  if (std::find(allowed.begin(), allowed.end(), *access.mutation) != allowed.end()) return {};
  return Deny(DenialKind::kUnauthorizedForResource,
              absl::StrCat("mutation ", *access.mutation, ", token allows [", absl::StrJoin(allowed, " "), "]"));
}

Denials Check(const IsUser&, const Access&) { return {}; }

Denials Check(const FromMachineSource& caveat, const Access& access) {
  if (!access.source_machine.has_value()) {
    return Deny(DenialKind::kInvalidAccess, "no source machine in the access, want one");
  }
  if (*access.source_machine == caveat.machine_id) return {};
  return Deny(DenialKind::kUnauthorized,
              absl::StrCat("source machine ", *access.source_machine, ", token allows ", caveat.machine_id));
}

Denials Check(const ActionLimit& caveat, const Access& access) { return CheckAction(access.action, caveat.mask); }

bool MatchesCommand(const Commands::Entry& entry, const std::vector<std::string>& command) {
  const std::vector<std::string> args = entry.args.value_or(std::vector<std::string>());
  if (args.size() > command.size() || (entry.exact && args.size() != command.size())) return false;
  return std::equal(args.begin(), args.end(), command.begin());
}

Denials Check(const Commands& caveat, const Access& access) {
  if (!access.command.has_value()) return Unspecified("command");
  for (const Commands::Entry& entry : caveat.entries.value_or(std::vector<Commands::Entry>())) {
    if (MatchesCommand(entry, *access.command)) return {};
  }
  return Deny(DenialKind::kUnauthorizedForResource, "another command, want one that the token lists");
}

Denials Check(const AllowedRoles& caveat, const Access& access) {
  const uint32_t needed = NeededRole(access);
  if ((caveat.roles & needed) == needed) return {};
  return Deny(DenialKind::kUnauthorizedForRole, absl::StrCat("role ", needed, " needed, token allows ", caveat.roles));
}

Denials Check(const IsMember&, const Access& access) { return Check(AllowedRoles{kMemberRole}, access); }

Denials CheckSource(absl::string_view name, const std::string& allowed, const std::optional<std::string>& source) {
  if (allowed.empty()) return {};
  if (!source.has_value()) {
    return Deny(DenialKind::kInvalidAccess, absl::StrCat("no source ", name, " in the access, want one"));
  }
  if (*source == allowed) return {};
  return Deny(DenialKind::kUnauthorized, absl::StrCat("source ", name, " ", *source, ", token allows ", allowed));
}

void Append(Denials more, Denials& denials) {
  for (Denial& denial : more) denials.push_back(std::move(denial));
}

Denials Check(const FlySrc& caveat, const Access& access) {
  Denials denials = CheckSource("organization", caveat.organization, access.source_organization);
  Append(CheckSource("app", caveat.app, access.source_app), denials);
  Append(CheckSource("machine", caveat.instance, access.source_machine), denials);
  return denials;
}

bool IsUnspecifiedOnly(const Denials& denials) {
  return !denials.empty() && std::all_of(denials.begin(), denials.end(), [](const Denial& denial) {
    return denial.kind == DenialKind::kResourceUnspecified;
  });
}

Denials Check(const IfPresent& caveat, const Access& access) {
  Denials denials;
  bool any_concerned = false;
  for (const Caveat& inner : caveat.ifs) {
    Denials found = FindDenials(inner, access);
    if (IsUnspecifiedOnly(found)) continue;
    any_concerned = true;
    Append(std::move(found), denials);
  }
  return any_concerned ? denials : CheckAction(access.action, caveat.otherwise);
}

// Conditions for whoever discharges: they mean nothing to an access.
Denials NotForAccesses() { return Deny(DenialKind::kInvalidAccess, "a condition of discharges, want none here"); }
Denials Check(const ConfineUser&, const Access&) { return NotForAccesses(); }
Denials Check(const ConfineOrganization&, const Access&) { return NotForAccesses(); }
Denials Check(const ConfineGoogleHd&, const Access&) { return NotForAccesses(); }
Denials Check(const ConfineGitHubOrg&, const Access&) { return NotForAccesses(); }
Denials Check(const MaxValidity&, const Access&) { return NotForAccesses(); }

// What verification takes out, statements about users, and what nobody here knows: never cleared.
Denials Bad(absl::string_view found) {
  return Deny(DenialKind::kBadCaveat, absl::StrCat(found, ", want a caveat that can be cleared"));
}
Denials Check(const ThirdParty&, const Access&) { return Bad("a third party"); }
Denials Check(const BindToParentToken&, const Access&) { return Bad("a binding"); }
Denials Check(const FlyioUserId&, const Access&) { return Bad("an attestation"); }
Denials Check(const GitHubUserId&, const Access&) { return Bad("an attestation"); }
Denials Check(const GoogleUserId&, const Access&) { return Bad("an attestation"); }
Denials Check(const Unregistered&, const Access&) { return Bad("an unknown type"); }

}  // namespace

Denials FindDenials(const Caveat& caveat, const Access& access) {
  return std::visit([&access](const auto& body) { return Check(body, access); }, caveat.body);
}

Denials FindDenials(absl::Span<const Caveat> caveats, const Access& access) {
  Denials denials;
  for (size_t i = 0; i < caveats.size(); ++i) {
    if (IsAttestation(caveats[i])) continue;
    for (Denial& denial : FindDenials(caveats[i], access)) {
      denials.push_back(
          {denial.kind, absl::StrCat("caveat ", i, " (", CaveatName(caveats[i]), "): ", denial.message)});
    }
  }
  return denials;
}

}  // namespace tokensvc::macaroon
