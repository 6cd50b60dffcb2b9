#ifndef TOKENSVC_FLEETLOG_FLEET_LOG_ENTRY_H_
#define TOKENSVC_FLEETLOG_FLEET_LOG_ENTRY_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tokensvc/fleetlog/fleet_log_values.h"

// The signed bytes of the fleet log's entries and heads.
namespace tokensvc {

// An entry whose signature holds under the pinned fleet key. Only VerifyFleetLogEntry makes one.
class VerifiedFleetLogEntry {
 public:
  const FleetLogEntry& entry() const { return entry_; }
  const std::string& sha256() const { return sha256_; }  // of the signed bytes

 private:
  friend absl::StatusOr<VerifiedFleetLogEntry> VerifyFleetLogEntry(absl::string_view, absl::string_view);
  VerifiedFleetLogEntry(FleetLogEntry entry, std::string sha256) : entry_(std::move(entry)), sha256_(std::move(sha256)) {}
  FleetLogEntry entry_;
  std::string sha256_;
};

// A head whose signature holds. It says nothing of time.
class VerifiedFleetHead {
 public:
  const FleetHead& head() const { return head_; }

 private:
  friend absl::StatusOr<VerifiedFleetHead> VerifyFleetHead(absl::string_view, absl::string_view);
  explicit VerifiedFleetHead(FleetHead head) : head_(std::move(head)) {}
  FleetHead head_;
};

// `signed_entry`: the serialized SignedFleetLogEntry; `fleet_key_spki` the pinned key.
//   InvalidArgument: not the canonical bytes of an entry, or a field out of its bounds.
//   PermissionDenied: signed by another key, or the signature does not hold.
absl::StatusOr<VerifiedFleetLogEntry> VerifyFleetLogEntry(absl::string_view signed_entry,
                                                          absl::string_view fleet_key_spki);
absl::StatusOr<VerifiedFleetHead> VerifyFleetHead(absl::string_view signed_head, absl::string_view fleet_key_spki);

// What is signed: the domain prefix and the payload. InvalidArgument as above.
absl::StatusOr<std::string> EncodeFleetLogPayload(const FleetLogEntry& entry);
std::string EncodeFleetHeadPayload(const FleetHead& head);
std::string FleetLogSigningInput(absl::string_view payload);
std::string FleetHeadSigningInput(absl::string_view payload);

// Payload and signature as the one message that is kept and sent.
std::string AssembleSignedFleetLogEntry(absl::string_view payload, absl::string_view signature);
std::string AssembleSignedFleetHead(absl::string_view payload, absl::string_view signature);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEETLOG_FLEET_LOG_ENTRY_H_
