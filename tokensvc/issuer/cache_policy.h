#ifndef TOKENSVC_ISSUER_CACHE_POLICY_H_
#define TOKENSVC_ISSUER_CACHE_POLICY_H_

#include <string>

#include "absl/time/time.h"

namespace tokensvc {

// How long others may keep a public document. Whole seconds.
struct CachePolicy {
  absl::Duration max_age;         // in a reader's own cache
  absl::Duration s_maxage;        // in a cache that readers share; a reader may keep it for max_age after that
  absl::Duration stale_if_error;  // in a shared cache beyond s_maxage, while issuerd does not answer
};

// For a copy taken at `now`, of a document that shows every key but those that begin to sign at `next_key_signs` or later
// (InfiniteFuture: none is scheduled). Pure.
//
// Invariant: now + s_maxage + stale_if_error + max_age is at least a second, which clocks may differ by, before
// `next_key_signs`. So no cache that obeys it meets a token of a key that it has not heard of.
CachePolicy CachePolicyFor(absl::Time next_key_signs, absl::Time now);

// As the value of a Cache-Control field (RFC 9111, RFC 5861).
std::string CacheControl(const CachePolicy& policy);

}  // namespace tokensvc

#endif  // TOKENSVC_ISSUER_CACHE_POLICY_H_
