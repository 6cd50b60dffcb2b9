#include "tokensvc/macaroon/chain/macaroon_text.h"

#include <array>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tokensvc/limits.h"
#include "tokensvc/macaroon/macaroon_limits.h"

namespace tokensvc::macaroon {
namespace {

constexpr absl::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNotInAlphabet = 0xff;

constexpr std::array<uint8_t, 256> MakeSextets() {
  std::array<uint8_t, 256> sextets{};
  for (uint8_t& sextet : sextets) sextet = kNotInAlphabet;
  for (size_t i = 0; i < kAlphabet.size(); ++i) sextets[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  return sextets;
}
constexpr std::array<uint8_t, 256> kSextets = MakeSextets();

absl::Status BadBase64(absl::string_view found, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat("base64: ", found, ", want ", want));
}

bool IsMacaroonPrefix(absl::string_view prefix) { return prefix == "fm2" || prefix == "fm1r" || prefix == "fm1a"; }

// The binary token of one list element; empty for one that is no Macaroon and may be skipped.
absl::StatusOr<std::string> ParseToken(absl::string_view element) {
  const size_t underscore = element.find('_');
  if (underscore == absl::string_view::npos) return absl::InvalidArgumentError("no prefix, want fm2_");
  const absl::string_view prefix = element.substr(0, underscore);
  if (prefix == "fo1") return std::string();
  if (!IsMacaroonPrefix(prefix)) return absl::InvalidArgumentError("another prefix, want fm2_");
  absl::StatusOr<std::string> token = DecodeBase64(element.substr(underscore + 1));
  if (token.ok() && token->empty()) return absl::InvalidArgumentError("empty, want a macaroon");
  return token;
}

}  // namespace

absl::string_view StripScheme(absl::string_view header_value) {
  for (;;) {
    header_value = absl::StripAsciiWhitespace(header_value);
    const size_t space = header_value.find(' ');
    if (space == absl::string_view::npos) return header_value;
    const absl::string_view scheme = header_value.substr(0, space);
    if (!absl::EqualsIgnoreCase(scheme, "FlyV1") && !absl::EqualsIgnoreCase(scheme, "Bearer")) return header_value;
    header_value.remove_prefix(space + 1);
  }
}

absl::StatusOr<std::vector<std::string>> ParseTokens(absl::string_view header_value) {
  if (header_value.size() > kMaxMacaroonBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("macaroon: ", header_value.size(), " bytes, want at most ", kMaxMacaroonBytes));
  }
  const std::vector<absl::string_view> elements = absl::StrSplit(StripScheme(header_value), ',');
  if (elements.size() > kMaxTokensPerHeader) {
    return absl::InvalidArgumentError(
        absl::StrCat("macaroon: ", elements.size(), " tokens, want at most ", kMaxTokensPerHeader));
  }
  std::vector<std::string> tokens;
  for (size_t i = 0; i < elements.size(); ++i) {
    absl::StatusOr<std::string> token = ParseToken(elements[i]);
    if (!token.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("macaroon: token ", i, ": ", token.status().message()));
    }
    if (!token->empty()) tokens.push_back(*std::move(token));
  }
  if (tokens.empty()) return absl::InvalidArgumentError("macaroon: no token, want one or more");
  return tokens;
}

std::string FormatTokens(absl::Span<const std::string> tokens) {
  return absl::StrCat("FlyV1 ", absl::StrJoin(tokens, ",", [](std::string* out, const std::string& token) {
                        absl::StrAppend(out, "fm2_", EncodeBase64(token));
                      }));
}

std::string EncodeBase64(absl::string_view bytes) { return absl::Base64Escape(bytes); }

absl::StatusOr<std::string> DecodeBase64(absl::string_view text) {
  if (text.size() % 4 != 0) return BadBase64(absl::StrCat(text.size(), " characters"), "a multiple of 4");
  const size_t padding = absl::EndsWith(text, "==") ? 2 : absl::EndsWith(text, "=") ? 1 : 0;
  text.remove_suffix(padding);
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  int held = 0;  // bits that are not out yet
  for (const char c : text) {
    const uint8_t sextet = kSextets[static_cast<uint8_t>(c)];
    if (sextet == kNotInAlphabet) return BadBase64("another character", "the standard alphabet");
    bits = bits << 6 | sextet;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<char>(bits >> held));
  }
  if ((bits & ((1u << held) - 1)) != 0) return BadBase64("trailing bits", "zeros");
  return bytes;
}

}  // namespace tokensvc::macaroon
