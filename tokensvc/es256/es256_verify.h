#ifndef TOKENSVC_ES256_ES256_VERIFY_H_
#define TOKENSVC_ES256_ES256_VERIFY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tokensvc {

// Checks an ECDSA P-256 signature with SHA-256 (ES256, RFC 7518, section 3.4) in its raw form: 64 bytes, R then S.
// `spki_der` is the SubjectPublicKeyInfo of the key.
//   InvalidArgument: not a P-256 key. PermissionDenied: the signature does not hold.
absl::Status VerifyEs256(absl::string_view spki_der, absl::string_view message, absl::string_view signature);

// How the fleet names its keys: the first 16 hex digits of SHA-256 over the SubjectPublicKeyInfo.
std::string SpkiKeyId(absl::string_view spki_der);

// SHA-256; 32 bytes.
std::string Sha256(absl::string_view bytes);

}  // namespace tokensvc

#endif  // TOKENSVC_ES256_ES256_VERIFY_H_
