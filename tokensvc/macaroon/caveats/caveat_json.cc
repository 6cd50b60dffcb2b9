#include "tokensvc/macaroon/caveats/caveat_json.h"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "openssl/bn.h"
#include "openssl/mem.h"

namespace tokensvc::macaroon {
namespace {

using nlohmann::json;

// The member that holds the resource set of each type that has one.
const char* ResourcesName(CaveatType type) {
  switch (type) {
    case CaveatType::kVolumes: return "volumes";
    case CaveatType::kApps: return "apps";
    case CaveatType::kMachines: return "machines";
    case CaveatType::kClusters: return "clusters";
    case CaveatType::kStorageObjects: return "storage_objects";
    default: return "features";
  }
}

json Strings(const std::optional<std::vector<std::string>>& strings) {
  return strings.has_value() ? json(*strings) : json();
}

json Array(absl::Span<const Caveat> caveats);

json Body(const Organization& caveat) { return {{"id", caveat.id}, {"mask", ActionText(caveat.mask)}}; }
template <CaveatType Type, typename Id>
json Body(const ResourceSetCaveat<Type, Id>& caveat) {
  json resources = json::object();
  for (const auto& [id, mask] : caveat.resources) resources[absl::StrCat(id)] = ActionText(mask);
  return {{ResourcesName(Type), std::move(resources)}};
}
json Body(const ValidityWindow& caveat) {
  return {{"not_before", caveat.not_before}, {"not_after", caveat.not_after}};
}
json Body(const Mutations& caveat) { return {{"mutations", Strings(caveat.mutations)}}; }
template <CaveatType Type>
json Body(const IdCaveat<Type>& caveat) {
  return {{Type == CaveatType::kIsUser ? "uint64" : "id", caveat.id}};
}
template <CaveatType Type>
json Body(const NumberCaveat<Type>& caveat) {
  return caveat.value;
}
json Body(const GoogleUserId& caveat) {
  const bssl::UniquePtr<BIGNUM> number(BN_bin2bn(reinterpret_cast<const uint8_t*>(caveat.magnitude.data()),
                                                 caveat.magnitude.size(), nullptr));
  const bssl::UniquePtr<char> digits(BN_bn2dec(number.get()));
  return std::string(digits.get());
}
json Body(const ConfineGoogleHd& caveat) { return caveat.hosted_domain; }
json Body(const ThirdParty& caveat) {
  return {{"location", caveat.location},
          {"verifier_key", absl::Base64Escape(caveat.verifier_key)},
          {"ticket", absl::Base64Escape(caveat.ticket)}};
}
json Body(const BindToParentToken& caveat) { return absl::Base64Escape(caveat.digest_prefix); }
json Body(const FromMachineSource& caveat) { return {{"id", caveat.machine_id}}; }
json Body(const IsMember&) { return json::object(); }
json Body(const ActionLimit& caveat) { return ActionText(caveat.mask); }
json Body(const Commands& caveat) {
  json entries = json::array();
  for (const Commands::Entry& entry : caveat.entries.value_or(std::vector<Commands::Entry>())) {
    entries.push_back({{"args", Strings(entry.args)}, {"exact", entry.exact}});
  }
  return entries;
}
json Body(const AllowedRoles& caveat) { return caveat.roles; }
json Body(const FlySrc& caveat) {
  return {{"organization", caveat.organization}, {"app", caveat.app}, {"instance", caveat.instance}};
}
json Body(const IfPresent& caveat) { return {{"ifs", Array(caveat.ifs)}, {"else", ActionText(caveat.otherwise)}}; }
json Body(const Unregistered& caveat) { return absl::Base64Escape(caveat.raw_body); }

json Array(absl::Span<const Caveat> caveats) {
  json array = json::array();
  for (const Caveat& caveat : caveats) {
    const bool named = IsRegistered(caveat.type());
    array.push_back({{"type", named ? CaveatName(caveat) : absl::StrCat(caveat.type())},
                     {"body", std::visit([](const auto& body) { return Body(body); }, caveat.body)}});
  }
  return array;
}

}  // namespace

std::string CaveatsToJson(absl::Span<const Caveat> caveats) {
  // Strings of others may be no UTF-8; what is none is shown as U+FFFD.
  return Array(caveats).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace tokensvc::macaroon
