#ifndef TOKENSVC_MACAROON_MACAROON_LIMITS_H_
#define TOKENSVC_MACAROON_MACAROON_LIMITS_H_

#include <cstddef>

// What a decoder does before it knows the key: all of it is bounded here. The whole header is bounded by
// tokensvc::kMaxMacaroonBytes. Beyond a bound the token is refused.
namespace tokensvc::macaroon {

// Tokens in one Authorization header: a permission token with its discharges, several times over.
inline constexpr size_t kMaxTokensPerHeader = 16;

// Caveats in one container. Each costs the verifier one HMAC; real tokens carry fewer than twenty.
inline constexpr size_t kMaxCaveats = 128;

// IfPresent inside IfPresent; the decoder and the clearing rule recurse this deep and no deeper.
inline constexpr size_t kMaxCaveatDepth = 8;

// Bytes of a nonce's random part, of a chain value and of every key that we make.
inline constexpr size_t kNonceRndBytes = 16;
inline constexpr size_t kTailBytes = 32;
inline constexpr size_t kRootKeyBytes = 32;

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_MACAROON_LIMITS_H_
