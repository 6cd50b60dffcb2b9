#include "tokensvc/names.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tokensvc/limits.h"

namespace tokensvc {
namespace {

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool IsNameByte(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }
bool IsCrockford(char c) { return absl::string_view("0123456789ABCDEFGHJKMNPQRSTVWXYZ").find(c) != absl::string_view::npos; }
bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

template <typename Predicate>
bool All(absl::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

// Printed in an error only where it is short and holds nothing that could hurt a terminal.
std::string Quoted(absl::string_view text) {
  if (text.size() > 64 || !All(text, absl::ascii_isprint)) return absl::StrCat(text.size(), " bytes");
  return absl::StrCat("\"", text, "\"");
}

absl::Status Found(absl::string_view text, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat(Quoted(text), ", want ", want));
}

// Well-formed UTF-8 (RFC 3629): a claim is JSON, and JSON is UTF-8.
bool IsUtf8(absl::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const unsigned char lead = text[i];
    const int more = lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : -1;
    if (more < 0 || i + more >= text.size()) return false;
    for (int k = 1; k <= more; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    const unsigned char second = more > 0 ? text[i + 1] : 0x80;
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
        (lead == 0xf4 && second > 0x8f)) {
      return false;
    }
    i += more + 1;
  }
  return true;
}

// U+0080 to U+009F, as UTF-8.
bool HasC1Control(absl::string_view text) {
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xc2' && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

}  // namespace

absl::Status CheckName(absl::string_view name, size_t max_bytes) {
  if (!name.empty() && name.size() <= max_bytes && All(name, IsNameByte) && name.front() != '-' && name.back() != '-') {
    return absl::OkStatus();
  }
  return Found(name, absl::StrCat("1..", max_bytes, " of [a-z0-9-], no hyphen at either end"));
}

absl::Status CheckMachineId(absl::string_view id) {
  if (id.size() == 14 && All(id, IsLowerHex)) return absl::OkStatus();
  return Found(id, "14 lower-case hex digits");
}

absl::Status CheckUlid(absl::string_view ulid) {
  if (ulid.size() == 26 && All(ulid, IsCrockford) && ulid.front() <= '7') return absl::OkStatus();
  return Found(ulid, "a ULID of 26 characters");
}

absl::Status CheckImage(absl::string_view image) {
  if (!image.empty() && image.size() <= kMaxImageBytes && All(image, absl::ascii_isgraph)) return absl::OkStatus();
  return Found(image, absl::StrCat("1..", kMaxImageBytes, " printable bytes without space"));
}

absl::Status CheckImageDigest(absl::string_view digest) {
  if (digest.size() == 71 && absl::StartsWith(digest, "sha256:") && All(digest.substr(7), IsLowerHex)) {
    return absl::OkStatus();
  }
  return Found(digest, "sha256: and 64 lower-case hex digits");
}

bool IsAudience(absl::string_view audience) {
  return !audience.empty() && audience.size() <= kMaxAudienceBytes &&
         !std::any_of(audience.begin(), audience.end(), IsControl) && IsUtf8(audience) &&
         !HasC1Control(audience);
}

bool IsRoleArn(absl::string_view arn) {
  return arn.size() >= 20 && arn.size() <= kMaxRoleArnBytes && All(arn, absl::ascii_isgraph);
}

}  // namespace tokensvc
