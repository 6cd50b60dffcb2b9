#ifndef TOKENSVC_FLEET_KEYS_KEY_FILES_H_
#define TOKENSVC_FLEET_KEYS_KEY_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/secret_bytes.h"

namespace tokensvc {

// The fleet's Macaroon key: 32 bytes of the cryptographic library's random source in the file `path`, made 0600 where
// there is none. FailedPrecondition, naming the file: others than its owner may read it, or it is not 32 bytes; such a
// file is never replaced. Unavailable: not readable or writable.
absl::StatusOr<storage::SecretBytes> LoadOrCreateMacaroonKey(const std::string& path);

// Writes a public key (SubjectPublicKeyInfo, DER) as PEM; the file appears whole. Unavailable, naming the file.
absl::Status WritePublicKeyPem(const std::string& path, absl::string_view spki_der);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_KEYS_KEY_FILES_H_
