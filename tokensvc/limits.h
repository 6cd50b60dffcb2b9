#ifndef TOKENSVC_LIMITS_H_
#define TOKENSVC_LIMITS_H_

#include <cstddef>

#include "absl/time/time.h"

// The numbers that callers and relying parties can observe, each with its reason. Beyond a bound the answer is a
// refusal that names it; nothing is cut or repaired silently.
namespace tokensvc {

// Life of an identity token. Verifiers cache keys on the order of this, so raising it also raises how long a token of a
// stopped organization is accepted.
inline constexpr absl::Duration kTokenLifetime = absl::Seconds(600);

// How far in the past a token is dated: several relying parties forgive no second (reference/relying-parties, 1.9).
inline constexpr absl::Duration kTokenBackdate = absl::Seconds(5);

// Longest audience: Google and AWS take 255 characters.
inline constexpr size_t kMaxAudienceBytes = 255;

// Names. `sub` is organization:app:machine and must fit Google's 127 bytes: 32 + 1 + 48 + 1 + 45 = 127.
inline constexpr size_t kMaxOrganizationSlugBytes = 32;
inline constexpr size_t kMaxAppNameBytes = 48;
inline constexpr size_t kMaxMachineNameBytes = 45;
inline constexpr size_t kMaxRegionBytes = 16;
inline constexpr size_t kMaxWorkerNameBytes = 63;
inline constexpr size_t kMaxImageBytes = 512;

// A serialized SignedPlacement is about 400 bytes; 16 audiences of 255 bytes and 16 roles fit.
inline constexpr size_t kMaxPlacementBytes = 48 * 1024;
inline constexpr size_t kMaxPolicyAudiences = 16;
inline constexpr size_t kMaxPolicyRoles = 16;
inline constexpr size_t kMaxRoleArnBytes = 2048;
inline constexpr absl::Duration kPlacementLifetime = absl::Hours(24);
// The longest that a signer accepts, whoever signed it: a placement is renewed, never made to last.
inline constexpr absl::Duration kMaxPlacementLifetime = absl::Hours(48);

// A longer Macaroon is refused before any byte of it is decoded.
inline constexpr size_t kMaxMacaroonBytes = 8 * 1024;

// A guest request: headers, body, and the time to read them.
inline constexpr size_t kMaxGuestHeaderBytes = 16 * 1024;
inline constexpr size_t kMaxGuestBodyBytes = 4 * 1024;
inline constexpr absl::Duration kGuestReadTimeout = absl::Seconds(10);

// Tokens a machine may mint: the HSM is shared by all of them.
inline constexpr double kMintsPerSecond = 10;
inline constexpr int kMintBurst = 30;

// Time for a signature, carried in the request itself.
inline constexpr absl::Duration kSignDeadline = absl::Seconds(2);
inline constexpr absl::Duration kBootSignDeadline = absl::Seconds(10);

// A batch of sign requests is sent when it has this many, or this long after its first, or at once when nothing is in
// flight.
inline constexpr int kSignBatchTarget = 16;
inline constexpr int kMaxSignBatch = 64;
inline constexpr absl::Duration kSignBatchDelay = absl::Milliseconds(1);

// How long a signer may sign after it last heard of the authority: the outage that signing survives, and the longest
// that a fence can wait for a partitioned signer.
inline constexpr absl::Duration kSigningLease = absl::Minutes(60);
inline constexpr absl::Duration kHeadRenewal = absl::Minutes(1);

// How long fleetd waits for signers to acknowledge a fence before it answers with `fenced_except`.
inline constexpr absl::Duration kFenceWait = absl::Seconds(30);

// What flyd's ledger may lose in a crash.
inline constexpr absl::Duration kLedgerCommitInterval = absl::Milliseconds(50);

}  // namespace tokensvc

#endif  // TOKENSVC_LIMITS_H_
