#include "flyd/init/tokens/metadata_rules.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

constexpr absl::string_view kAccountPath = "/computeMetadata/v1/instance/service-accounts/default";
constexpr size_t kMaxAudienceBytes = 255;

MetadataVerdict Refuse(int status, absl::string_view why) {
  return {.status = status, .body = nlohmann::json({{"error", std::string(why)}}).dump()};
}

// In time that does not depend on where the two differ.
bool SameSecret(absl::string_view found, absl::string_view want) {
  if (want.empty() || found.size() != want.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < want.size(); ++i) difference |= static_cast<unsigned char>(found[i] ^ want[i]);
  return difference == 0;
}

// Takes /SECRET off the path's front.
bool TakeSecret(absl::string_view& path, absl::string_view secret) {
  const size_t slash = path.find('/', 1);
  if (path.empty() || !SameSecret(path.substr(1, slash - 1), secret)) return false;
  path = slash == path.npos ? "/" : path.substr(slash);
  return true;
}

bool BearsSecret(absl::string_view authorization, absl::string_view secret) {
  constexpr absl::string_view kScheme = "bearer ";
  if (!absl::StartsWithIgnoreCase(authorization, kScheme)) return false;
  return SameSecret(absl::StripAsciiWhitespace(authorization.substr(kScheme.size())), secret);
}

int HexDigit(char c) {
  if (absl::ascii_isdigit(c)) return c - '0';
  c = absl::ascii_tolower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// As a form is encoded: '+' is a space, %XX a byte. nullopt where it is not.
std::optional<std::string> Decoded(absl::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain.push_back(text[i] == '+' ? ' ' : text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    plain.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return plain;
}

MetadataVerdict JudgeIdentity(absl::string_view query) {
  std::optional<std::string> audience;
  for (absl::string_view pair : absl::StrSplit(query, '&')) {
    if (!absl::ConsumePrefix(&pair, "audience=")) continue;
    if (audience.has_value()) return Refuse(400, "audience: twice, want it once");
    audience = Decoded(pair);
    if (!audience.has_value()) return Refuse(400, "audience: not percent-encoded, want it so");
  }
  if (!audience.has_value() || audience->empty()) return Refuse(400, "audience: absent, want ?audience=");
  if (audience->size() > kMaxAudienceBytes) {
    return Refuse(400, absl::StrCat("audience: ", audience->size(), " bytes, want at most ", kMaxAudienceBytes));
  }
  return {.audience = std::move(audience)};
}

MetadataVerdict JudgePath(absl::string_view path, absl::string_view query, absl::string_view account) {
  if (!absl::ConsumePrefix(&path, kAccountPath)) return Refuse(404, "path: unknown, want the identity of the default account");
  if (path == "/identity") return JudgeIdentity(query);
  if (path == "/email") return {.content_type = "text/plain", .body = std::string(account)};
  if (path == "/" || path.empty()) {
    return {.body = nlohmann::json({{"aliases", {"default"}}, {"email", std::string(account)}, {"scopes", nlohmann::json::array()}})
                        .dump()};
  }
  return Refuse(404, "path: unknown, want the identity of the default account");
}

}  // namespace

MetadataVerdict JudgeMetadataRequest(const MetadataRequest& request, absl::string_view secret, absl::string_view account) {
  if (request.method != "GET") return Refuse(405, "method: another, want GET");
  if (request.forwarded) return Refuse(403, "X-Forwarded-For: present, want a request that nobody passed on");
  if (request.flavor != "Google") return Refuse(403, "Metadata-Flavor: absent or another, want Google");
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(request.target, absl::MaxSplits('?', 1));
  absl::string_view path = parts.first;
  if (path == "/") return {.content_type = "text/plain", .body = "computeMetadata/\n"};
  if (!TakeSecret(path, secret) && !BearsSecret(request.authorization, secret)) {
    return Refuse(401, "secret: absent or another, want that of GCE_METADATA_HOST or FLY_METADATA_TOKEN");
  }
  return JudgePath(path, parts.second, account);
}

}  // namespace flyd
