#ifndef TOKENSVC_MACAROON_CAVEATS_CAVEAT_H_
#define TOKENSVC_MACAROON_CAVEATS_CAVEAT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "tokensvc/macaroon/caveats/action.h"

// The caveats of the public Fly.io Macaroon library, as values. What each one refuses stands in find_denials.h, how
// each is written in macaroon_format.md.
namespace tokensvc::macaroon {

// Persisted in every token ever issued. Append only; a number is never reused.
enum class CaveatType : uint64_t {
  kOrganization = 0,
  // 1 was removed before the public library's first release.
  kVolumes = 2,
  kApps = 3,
  kValidityWindow = 4,
  kFeatureSet = 5,
  kMutations = 6,
  kMachines = 7,
  kConfineUser = 8,
  kConfineOrganization = 9,
  kIsUser = 10,
  kThirdParty = 11,
  kBindToParentToken = 12,
  kIfPresent = 13,
  kMachineFeatureSet = 14,
  kFromMachineSource = 15,
  kClusters = 16,
  // 17 and 18 are reserved.
  kConfineGoogleHd = 19,
  kConfineGitHubOrg = 20,
  kMaxValidity = 21,
  kIsMember = 22,
  kFlyioUserId = 23,
  kGitHubUserId = 24,
  kGoogleUserId = 25,
  kAction = 26,
  kCommands = 27,
  kAppFeatureSet = 28,
  kStorageObjects = 29,
  kAllowedRoles = 30,
  kFlySrc = 31,
};

// Ids and what may be done with each. The zero id (0 or "") is the wildcard and must then be the only one.
template <typename Id>
using ResourceSet = std::map<Id, Action>;

// `id` 0 is any organization.
struct Organization {
  static constexpr CaveatType kType = CaveatType::kOrganization;
  uint64_t id = 0;
  Action mask = Action::kNone;
  friend bool operator==(const Organization&, const Organization&) = default;
};

// Allows the named resources only.
template <CaveatType Type, typename Id>
struct ResourceSetCaveat {
  static constexpr CaveatType kType = Type;
  ResourceSet<Id> resources;
  friend bool operator==(const ResourceSetCaveat&, const ResourceSetCaveat&) = default;
};
using Volumes = ResourceSetCaveat<CaveatType::kVolumes, std::string>;
using Apps = ResourceSetCaveat<CaveatType::kApps, uint64_t>;
using FeatureSet = ResourceSetCaveat<CaveatType::kFeatureSet, std::string>;
using Machines = ResourceSetCaveat<CaveatType::kMachines, std::string>;
using MachineFeatureSet = ResourceSetCaveat<CaveatType::kMachineFeatureSet, std::string>;
using Clusters = ResourceSetCaveat<CaveatType::kClusters, std::string>;
using AppFeatureSet = ResourceSetCaveat<CaveatType::kAppFeatureSet, std::string>;
using StorageObjects = ResourceSetCaveat<CaveatType::kStorageObjects, std::string>;  // ids are prefixes

// Seconds since 1970; both ends are allowed.
struct ValidityWindow {
  static constexpr CaveatType kType = CaveatType::kValidityWindow;
  int64_t not_before = 0;
  int64_t not_after = 0;
  friend bool operator==(const ValidityWindow&, const ValidityWindow&) = default;
};

// nullopt is a nil list: it allows as little as an empty one, but is written, and so MACed, differently.
struct Mutations {
  static constexpr CaveatType kType = CaveatType::kMutations;
  std::optional<std::vector<std::string>> mutations;
  friend bool operator==(const Mutations&, const Mutations&) = default;
};

// A body of one number, in an array of one.
template <CaveatType Type>
struct IdCaveat {
  static constexpr CaveatType kType = Type;
  uint64_t id = 0;
  friend bool operator==(const IdCaveat&, const IdCaveat&) = default;
};
using ConfineUser = IdCaveat<CaveatType::kConfineUser>;
using ConfineOrganization = IdCaveat<CaveatType::kConfineOrganization>;
using IsUser = IdCaveat<CaveatType::kIsUser>;

// A body of one bare number.
template <CaveatType Type>
struct NumberCaveat {
  static constexpr CaveatType kType = Type;
  uint64_t value = 0;
  friend bool operator==(const NumberCaveat&, const NumberCaveat&) = default;
};
using ConfineGitHubOrg = NumberCaveat<CaveatType::kConfineGitHubOrg>;
using MaxValidity = NumberCaveat<CaveatType::kMaxValidity>;    // seconds
using FlyioUserId = NumberCaveat<CaveatType::kFlyioUserId>;    // attestation
using GitHubUserId = NumberCaveat<CaveatType::kGitHubUserId>;  // attestation

// Attestation: a big-endian magnitude without leading zeros.
struct GoogleUserId {
  static constexpr CaveatType kType = CaveatType::kGoogleUserId;
  std::string magnitude;
  friend bool operator==(const GoogleUserId&, const GoogleUserId&) = default;
};

struct ConfineGoogleHd {
  static constexpr CaveatType kType = CaveatType::kConfineGoogleHd;
  std::string hosted_domain;
  friend bool operator==(const ConfineGoogleHd&, const ConfineGoogleHd&) = default;
};

// Asks for a discharge by the service at `location`.
struct ThirdParty {
  static constexpr CaveatType kType = CaveatType::kThirdParty;
  std::string location;
  std::string verifier_key;  // the discharge's key, sealed with the chain value before this caveat
  std::string ticket;        // the same key and the conditions, sealed for the third party
  friend bool operator==(const ThirdParty&, const ThirdParty&) = default;
};

// In a discharge: a prefix of the SHA-256 of one chain value of the token that it belongs to.
struct BindToParentToken {
  static constexpr CaveatType kType = CaveatType::kBindToParentToken;
  std::string digest_prefix;
  friend bool operator==(const BindToParentToken&, const BindToParentToken&) = default;
};

// Only as the source machine that the server learned from the transport.
struct FromMachineSource {
  static constexpr CaveatType kType = CaveatType::kFromMachineSource;
  std::string machine_id;
  friend bool operator==(const FromMachineSource&, const FromMachineSource&) = default;
};

struct IsMember {
  static constexpr CaveatType kType = CaveatType::kIsMember;
  friend bool operator==(const IsMember&, const IsMember&) = default;
};

// Limits the action whatever the resource ("Action" in the public library).
struct ActionLimit {
  static constexpr CaveatType kType = CaveatType::kAction;
  Action mask = Action::kNone;
  friend bool operator==(const ActionLimit&, const ActionLimit&) = default;
};

// Nil lists as in Mutations.
struct Commands {
  static constexpr CaveatType kType = CaveatType::kCommands;
  struct Entry {
    std::optional<std::vector<std::string>> args;
    bool exact = false;  // false: `args` is a prefix
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::optional<std::vector<Entry>> entries;
  friend bool operator==(const Commands&, const Commands&) = default;
};

// Bits as in roles.h.
struct AllowedRoles {
  static constexpr CaveatType kType = CaveatType::kAllowedRoles;
  uint32_t roles = 0;
  friend bool operator==(const AllowedRoles&, const AllowedRoles&) = default;
};

// Each field that is not empty must be the source's.
struct FlySrc {
  static constexpr CaveatType kType = CaveatType::kFlySrc;
  std::string organization;
  std::string app;
  std::string instance;
  friend bool operator==(const FlySrc&, const FlySrc&) = default;
};

struct Caveat;

// If any of `ifs` concerns the access, those that do decide; if none does, the action must be within `otherwise`.
struct IfPresent {
  static constexpr CaveatType kType = CaveatType::kIfPresent;
  std::vector<Caveat> ifs;
  Action otherwise = Action::kNone;
  friend bool operator==(const IfPresent& a, const IfPresent& b);
};

// A type that this program does not know: kept and MACed byte for byte, and never cleared.
struct Unregistered {
  uint64_t type = 0;    // none of CaveatType
  std::string raw_body; // one msgpack value
  friend bool operator==(const Unregistered&, const Unregistered&) = default;
};

// One caveat of any type.
struct Caveat {
  using Body =
      std::variant<Organization, Volumes, Apps, ValidityWindow, FeatureSet, Mutations, Machines, ConfineUser,
                   ConfineOrganization, IsUser, ThirdParty, BindToParentToken, IfPresent, MachineFeatureSet,
                   FromMachineSource, Clusters, ConfineGoogleHd, ConfineGitHubOrg, MaxValidity, IsMember, FlyioUserId,
                   GitHubUserId, GoogleUserId, ActionLimit, Commands, AppFeatureSet, StorageObjects, AllowedRoles,
                   FlySrc, Unregistered>;
  Body body;

  // The number on the wire.
  uint64_t type() const;
  friend bool operator==(const Caveat& a, const Caveat& b);
};

// The registered name ("FromMachineSource"), or "unregistered 281474976710656".
std::string CaveatName(const Caveat& caveat);

// A positive statement about a user: legal only in proofs, and never a restriction.
bool IsAttestation(const Caveat& caveat);

// True if `type` is a CaveatType.
bool IsRegistered(uint64_t type);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_CAVEATS_CAVEAT_H_
