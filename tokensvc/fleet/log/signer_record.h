#ifndef TOKENSVC_FLEET_LOG_SIGNER_RECORD_H_
#define TOKENSVC_FLEET_LOG_SIGNER_RECORD_H_

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/time/time.h"

// What the authority knows of one signer, and the two rules that make a fence final. Pure: no clock, no store; the same
// functions run in fleetd and in the exhaustive exploration of the protocol.
namespace tokensvc {

struct SignerRecord {
  std::string name;
  // The last entry that the signer said it applied.
  uint64_t acknowledged = 0;
  // When the latest lease ends that was ever handed to it. Durable before the lease is sent.
  absl::Time lease_expires = absl::InfinitePast();
};

// How far a signer's clock may be behind the authority's: a lease counts as lapsed only this long after it ended here.
inline constexpr absl::Duration kLeaseClockMargin = absl::Seconds(5);

// A head is handed out only to a signer that has acknowledged everything up to it. So a signer that does not apply an
// entry gets no further lease, and the one it has runs out.
constexpr bool MayReceiveHead(uint64_t acknowledged, uint64_t head_number) { return acknowledged >= head_number; }

// Whether the signer can never again sign what entry `number` forbids: it has applied it, or it holds no lease and must
// apply the entry before it gets another.
inline bool IsSettled(const SignerRecord& signer, uint64_t number, absl::Time now) {
  return signer.acknowledged >= number || now >= signer.lease_expires + kLeaseClockMargin;
}

// The record once a lease until `expires` has been handed out: leases given before may be the longer ones.
inline SignerRecord WithLease(SignerRecord signer, absl::Time expires) {
  signer.lease_expires = std::max(signer.lease_expires, expires);
  return signer;
}

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_LOG_SIGNER_RECORD_H_
