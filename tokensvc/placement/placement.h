#ifndef TOKENSVC_PLACEMENT_PLACEMENT_H_
#define TOKENSVC_PLACEMENT_PLACEMENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tokensvc/claims/identity_claims.h"

namespace tokensvc {

// What a machine may put into its tokens.
struct PlacementPolicy {
  std::vector<std::string> audiences;
  bool any_audience = false;
  std::string default_audience;
  std::vector<std::string> role_arns;
  bool aws_principal_tags = false;
};

// The authority's statement of one version of one machine on one worker; see proto/fleet/v1/placement.proto.
struct Placement {
  std::string key_id;
  IdentityClaims identity;
  std::string worker;
  uint64_t generation = 0;
  absl::Time not_before;
  absl::Time expires;
  PlacementPolicy policy;
};

// The signed bytes as they arrived, taken apart but not believed. `payload` is what `signature` must cover.
struct UnverifiedPlacement {
  Placement placement;
  std::string payload;
  std::string signature;  // 64 bytes
};

// InvalidArgument, naming the field: out of its bounds, or the bytes are not the one canonical serialization.
absl::StatusOr<UnverifiedPlacement> DecodePlacement(absl::string_view signed_placement);

// A placement whose signature holds under a key of the caller's choosing. Only VerifyPlacement makes one.
// It says nothing of time, fences or worker: those change while it is cached.
class VerifiedPlacement {
 public:
  const Placement& placement() const { return placement_; }
  const std::string& sha256() const { return sha256_; }  // of the signed bytes; 32 bytes

 private:
  friend absl::StatusOr<VerifiedPlacement> VerifyPlacement(const UnverifiedPlacement&, absl::string_view,
                                                           absl::string_view);
  VerifiedPlacement(Placement placement, std::string sha256)
      : placement_(std::move(placement)), sha256_(std::move(sha256)) {}
  Placement placement_;
  std::string sha256_;
};

// `signed_placement` are the bytes that `decoded` came from; `spki_der` the P-256 key named by its key_id, which is
// recomputed here. PermissionDenied: the signature does not hold, or the key is not the one that the placement names.
absl::StatusOr<VerifiedPlacement> VerifyPlacement(const UnverifiedPlacement& decoded, absl::string_view signed_placement,
                                                  absl::string_view spki_der);

// The payload to be signed. InvalidArgument as DecodePlacement.
absl::StatusOr<std::string> EncodePlacementPayload(const Placement& placement);

// Payload and signature as one message. `signature`: 64 bytes over PlacementSigningInput(payload).
std::string AssembleSignedPlacement(absl::string_view payload, absl::string_view signature);

// "flyd-placement-v1\0" and the payload.
std::string PlacementSigningInput(absl::string_view payload);

// SHA-256 of the signed bytes: how a placement is named. 32 bytes.
std::string PlacementSha256(absl::string_view signed_placement);

}  // namespace tokensvc

#endif  // TOKENSVC_PLACEMENT_PLACEMENT_H_
