#include "flyd/guest/attenuation.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "flyd/guest/json_object.h"
#include "nlohmann/json.hpp"
#include "tokensvc/limits.h"
#include "tokensvc/macaroon/caveats/action.h"
#include "tokensvc/macaroon/boot/boot_token.h"
#include "tokensvc/macaroon/chain/macaroon.h"
#include "tokensvc/macaroon/chain/macaroon_text.h"

namespace flyd {
namespace {

using nlohmann::json;
namespace macaroon = tokensvc::macaroon;
using Caveats = std::vector<macaroon::Caveat>;

constexpr int64_t kLongestSeconds = 86'400;

absl::Status Bad(absl::string_view field, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": something else, want ", want));
}

absl::Status AddFeatures(const json& value, Caveats& caveats) {
  const absl::Status bad = Bad("features", "a list of oidc and metadata, each once, not empty");
  if (!value.is_array() || value.empty()) return bad;
  macaroon::MachineFeatureSet set;
  for (const json& feature : value) {
    std::string name = feature.is_string() ? feature.get<std::string>() : "";
    if (name != macaroon::kOidcFeature && name != macaroon::kMetadataFeature) return bad;
    if (!set.resources.emplace(std::move(name), macaroon::Action::kAll).second) return bad;
  }
  caveats.push_back({std::move(set)});
  return absl::OkStatus();
}

absl::Status AddActions(const json& value, Caveats& caveats) {
  const absl::StatusOr<macaroon::Action> mask =
      macaroon::ParseAction(value.is_string() ? value.get<std::string>() : "?");
  if (!mask.ok() || !macaroon::IsSubset(*mask, macaroon::Action::kAll)) return Bad("actions", "letters of rwcdC");
  caveats.push_back({macaroon::ActionLimit{*mask}});
  return absl::OkStatus();
}

absl::Status AddExpiry(const json& value, absl::Time now, Caveats& caveats) {
  const int64_t seconds = value.is_number_integer() ? value.get<int64_t>() : 0;
  if (seconds < 1 || seconds > kLongestSeconds) return Bad("expires_in_seconds", absl::StrCat("1..", kLongestSeconds));
  const int64_t begin = absl::ToUnixSeconds(now);
  caveats.push_back({macaroon::ValidityWindow{.not_before = begin, .not_after = begin + seconds}});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Caveats> ParseAttenuation(absl::string_view body, absl::Time now) {
  const absl::StatusOr<json> object = ParseJsonObject(body);
  if (!object.ok()) return object.status();
  Caveats caveats;
  for (const auto& [name, value] : object->items()) {
    absl::Status added = absl::InvalidArgumentError("body: an unknown member, want features, actions or expires_in_seconds");
    if (name == "features") added = AddFeatures(value, caveats);
    if (name == "actions") added = AddActions(value, caveats);
    if (name == "expires_in_seconds") added = AddExpiry(value, now, caveats);
    if (!added.ok()) return added;
  }
  if (caveats.empty()) return absl::InvalidArgumentError("body: nothing to narrow, want features, actions or expires_in_seconds");
  return caveats;
}

absl::StatusOr<std::string> Attenuated(absl::string_view authorization, const Caveats& caveats) {
  const absl::StatusOr<std::vector<std::string>> tokens = macaroon::ParseTokens(authorization);
  if (!tokens.ok()) return tokens.status();
  absl::StatusOr<macaroon::Macaroon> token = macaroon::Macaroon::Decode(tokens->front());
  if (!token.ok()) return token.status();
  if (absl::Status narrowed = token->Attenuate(caveats); !narrowed.ok()) return narrowed;
  std::string text = macaroon::FormatTokens({token->Encode()});
  if (text.size() <= tokensvc::kMaxMacaroonBytes) return text;
  return absl::InvalidArgumentError(
      absl::StrCat("macaroon: ", text.size(), " bytes with the caveats, want at most ", tokensvc::kMaxMacaroonBytes));
}

}  // namespace flyd
