#include "flyd/init/tokens/refresh_schedule.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

// FNV-1a with a final mix: ids differ in few characters, phases must not.
uint64_t Hash(absl::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdu;
  hash ^= hash >> 33;
  return hash;
}

}  // namespace

absl::Duration RefreshDelay(absl::string_view machine_id, absl::Duration token_lifetime) {
  const double phase = static_cast<double>(Hash(machine_id) >> 11) / static_cast<double>(uint64_t{1} << 53);
  return std::min(token_lifetime * (0.4 + 0.1 * phase), kLatestRefresh);
}

absl::Duration RetryDelay(int failures, double jitter) {
  absl::Duration delay = kFirstRetry;
  for (int i = 1; i < failures && delay < kLongestRetry; ++i) delay *= 2;
  return std::min(delay, kLongestRetry) * (1 - jitter / 2);
}

absl::Duration TokenLifetime(absl::string_view jwt) {
  const std::vector<absl::string_view> parts = absl::StrSplit(jwt, '.');
  std::string payload;
  if (parts.size() != 3 || !absl::WebSafeBase64Unescape(parts[1], &payload)) return kAssumedTokenLifetime;
  const nlohmann::json claims = nlohmann::json::parse(payload, nullptr, /*allow_exceptions=*/false);
  if (!claims.is_object() || !claims.contains("exp") || !claims.contains("iat")) return kAssumedTokenLifetime;
  if (!claims["exp"].is_number_integer() || !claims["iat"].is_number_integer()) return kAssumedTokenLifetime;
  const int64_t seconds = claims["exp"].get<int64_t>() - claims["iat"].get<int64_t>();
  return seconds > 0 ? absl::Seconds(seconds) : kAssumedTokenLifetime;
}

}  // namespace flyd
