#ifndef TOKENSVC_MACAROON_BOOT_WORKER_ROOT_KEY_H_
#define TOKENSVC_MACAROON_BOOT_WORKER_ROOT_KEY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/secret_bytes.h"

namespace tokensvc::macaroon {

// Names one worker's root key. A worker that is taken over forges under its own names only.
struct WorkerKid {
  std::string worker;      // [a-z0-9-]{1,63}, as in its certificate
  uint32_t key_epoch = 0;  // rises when the worker gets a new root key
  friend bool operator==(const WorkerKid&, const WorkerKid&) = default;
};

// The KID bytes of a boot token, frozen: one byte 0x01 (version), four bytes key epoch, big-endian, then the worker's
// name, of which the length is whatever is left. InvalidArgument: not a worker name.
absl::StatusOr<std::string> EncodeWorkerKid(const WorkerKid& kid);

// The reverse. InvalidArgument: another version, a name that is none, or too short.
absl::StatusOr<WorkerKid> DecodeWorkerKid(absl::string_view bytes);

// The root key of one worker and epoch: HKDF-SHA256 of the fleet's Macaroon key, salt "flyd-macaroon-root-v1", info the
// KID bytes; 32 bytes. Whoever holds the fleet's key (fleetd) can verify every worker's tokens.
// InvalidArgument: the fleet key is not 32 bytes, or the KID does not decode.
absl::StatusOr<storage::SecretBytes> DeriveWorkerRootKey(const storage::SecretBytes& fleet_macaroon_key,
                                                         absl::string_view kid);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_BOOT_WORKER_ROOT_KEY_H_
