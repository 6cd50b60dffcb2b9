#include "flyd/init/gate/proxy_rules.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "flyd/guest/identity_headers.h"

namespace flyd {
namespace {

constexpr size_t kProofCharacters = 32;

constexpr std::array<absl::string_view, 4> kMethods = {"GET", "POST", "PUT", "DELETE"};
constexpr std::array<absl::string_view, 5> kRequestHeaders = {"accept", "content-type", "traceparent", "tracestate",
                                                              "user-agent"};
constexpr std::array<absl::string_view, 4> kAnswerHeaders = {"allow", "cache-control", "content-type", "retry-after"};

template <size_t N>
bool Lists(const std::array<absl::string_view, N>& names, absl::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [name](absl::string_view one) { return absl::EqualsIgnoreCase(one, name); });
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = absl::ascii_tolower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Undoes what JSON ("\/", "\u002b") and URLs ("%2B") do to a base64 text.
std::string Plain(absl::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const absl::string_view rest = text.substr(i);
    if (rest.size() >= 6 && absl::StartsWith(rest, "\\u00") && HexDigit(rest[4]) >= 0 && HexDigit(rest[5]) >= 0) {
      plain.push_back(static_cast<char>(HexDigit(rest[4]) * 16 + HexDigit(rest[5])));
      i += 5;
    } else if (rest.size() >= 3 && rest[0] == '%' && HexDigit(rest[1]) >= 0 && HexDigit(rest[2]) >= 0) {
      plain.push_back(static_cast<char>(HexDigit(rest[1]) * 16 + HexDigit(rest[2])));
      i += 2;
    } else if (rest[0] != '\\' && !absl::ascii_isspace(rest[0])) {
      plain.push_back(rest[0]);
    }
  }
  return plain;
}

}  // namespace

bool MayPassMethod(absl::string_view method) {
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

bool MayPassTarget(absl::string_view target) {
  if (!absl::StartsWith(target, "/v1/")) return false;
  for (const char c : target) {
    if (!absl::ascii_isgraph(c) || c == '\\' || c == '#') return false;
  }
  const absl::string_view path = target.substr(0, target.find('?'));
  if (path.find('%') != absl::string_view::npos) return false;
  for (const absl::string_view segment : absl::StrSplit(path.substr(1), '/')) {
    if (segment.empty() || segment == "." || segment == "..") return false;
  }
  return true;
}

bool HandsOutMacaroons(absl::string_view target) { return absl::StartsWith(target, "/v1/tokens/attenuate"); }

bool MayPassRequestHeader(absl::string_view name) { return Lists(kRequestHeaders, name) || ClaimsIdentity(name); }

bool MayPassAnswerHeader(absl::string_view name) { return Lists(kAnswerHeaders, name); }

bool CarriesCredential(absl::string_view text, absl::string_view macaroon) {
  while (!macaroon.empty() && macaroon.back() == '=') macaroon.remove_suffix(1);
  if (macaroon.empty()) return false;
  const absl::string_view proof = macaroon.substr(macaroon.size() - std::min(macaroon.size(), kProofCharacters));
  return absl::StrContains(text, proof) || absl::StrContains(Plain(text), proof);
}

}  // namespace flyd
