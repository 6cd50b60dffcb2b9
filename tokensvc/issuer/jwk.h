#ifndef TOKENSVC_ISSUER_JWK_H_
#define TOKENSVC_ISSUER_JWK_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "tokensvc/fleetlog/fleet_log_values.h"

namespace tokensvc {

// A public key as a JWK (RFC 7517, RFC 7518 section 6), JSON with its members in alphabetical order. nullopt: the bytes are
// not a SubjectPublicKeyInfo of the algorithm's key type.
std::optional<std::string> JwkJson(absl::string_view spki_der, SigningAlgorithm algorithm, absl::string_view kid);

}  // namespace tokensvc

#endif  // TOKENSVC_ISSUER_JWK_H_
