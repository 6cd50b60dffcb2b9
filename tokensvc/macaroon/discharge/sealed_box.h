#ifndef TOKENSVC_MACAROON_DISCHARGE_SEALED_BOX_H_
#define TOKENSVC_MACAROON_DISCHARGE_SEALED_BOX_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/secret_bytes.h"

namespace tokensvc::macaroon {

inline constexpr size_t kSealKeyBytes = 32;
inline constexpr size_t kSealNonceBytes = 12;

// ChaCha20-Poly1305 (RFC 8439) without associated data, as third-party caveats use it: twelve nonce bytes, the
// ciphertext, sixteen tag bytes. `key` has kSealKeyBytes (InvalidArgument); the nonce is random.
absl::StatusOr<std::string> Seal(const storage::SecretBytes& key, absl::string_view plaintext);

// The same with a nonce of the caller's. Two texts under one key and nonce reveal each other: for test vectors alone.
absl::StatusOr<std::string> SealWithNonce(const storage::SecretBytes& key, absl::string_view nonce,
                                          absl::string_view plaintext);

// InvalidArgument: a key of another length. Unauthenticated: not sealed with `key`, or altered.
absl::StatusOr<storage::SecretBytes> Unseal(const storage::SecretBytes& key, absl::string_view sealed);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_DISCHARGE_SEALED_BOX_H_
