#ifndef TOKENSVC_MACAROON_CHAIN_MACAROON_TEXT_H_
#define TOKENSVC_MACAROON_CHAIN_MACAROON_TEXT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

// The value of an Authorization header: `FlyV1 fm2_<base64>,fm2_<base64>`.
namespace tokensvc::macaroon {

// The binary tokens of a header value, in order. "Bearer" and "FlyV1" in front are dropped in any case and number.
// Tokens with prefix fm2, fm1r and fm1a are taken, fo1 is skipped, anything else refuses the whole header.
// Stricter than the public library in one point: base64 must be the canonical form (padding, zero trailing bits, no
// line breaks), which is the only one that any library writes.
//
// InvalidArgument, naming token and cause, never its text: more than kMaxMacaroonBytes (before anything is decoded) or
// kMaxTokensPerHeader tokens, a bad prefix, bad base64, an empty token, or no token at all.
absl::StatusOr<std::vector<std::string>> ParseTokens(absl::string_view header_value);

// "FlyV1 fm2_…,fm2_…"
std::string FormatTokens(absl::Span<const std::string> tokens);

// What is left of a header value once the scheme words are gone.
absl::string_view StripScheme(absl::string_view header_value);

// Standard alphabet with padding. Decoding refuses whatever encoding would not give back.
std::string EncodeBase64(absl::string_view bytes);
absl::StatusOr<std::string> DecodeBase64(absl::string_view text);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_CHAIN_MACAROON_TEXT_H_
