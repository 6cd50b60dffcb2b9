#include "flyd/init/tokens/token_lifetime.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

std::optional<int64_t> Seconds(const nlohmann::json& claims, const char* name) {
  const auto claim = claims.find(name);
  if (claim == claims.end() || !claim->is_number_integer()) return std::nullopt;
  return claim->get<int64_t>();
}

}  // namespace

std::optional<absl::Duration> TokenLifetime(absl::string_view jwt) {
  const std::vector<absl::string_view> parts = absl::StrSplit(jwt, '.');
  std::string payload;
  if (parts.size() != 3 || !absl::WebSafeBase64Unescape(parts[1], &payload)) return std::nullopt;
  const nlohmann::json claims = nlohmann::json::parse(payload, nullptr, /*allow_exceptions=*/false);
  if (!claims.is_object()) return std::nullopt;
  const std::optional<int64_t> issued = Seconds(claims, "iat");
  const std::optional<int64_t> expires = Seconds(claims, "exp");
  if (!issued.has_value() || !expires.has_value()) return std::nullopt;
  const absl::Duration life = absl::Seconds(*expires) - absl::Seconds(*issued);
  return life > absl::ZeroDuration() ? std::optional<absl::Duration>(life) : std::nullopt;
}

}  // namespace flyd
