#ifndef TOKENSVC_HTTP_HTTP_LIMITS_H_
#define TOKENSVC_HTTP_HTTP_LIMITS_H_

#include <cstddef>
#include <string>

#include "absl/time/time.h"

namespace tokensvc {

// What a server takes from strangers; beyond it: 431, 413, 408, or the connection is not taken.
struct HttpLimits {
  size_t header_bytes = 16 * 1024;
  size_t body_bytes = 4 * 1024;
  absl::Duration read_timeout = absl::Seconds(10);  // from a request's first byte to its last
  absl::Duration idle_timeout = absl::Seconds(60);  // between requests
  size_t connections = 1024;                        // of one listener: see HttpConnections
};

// `subject: found, want` for a request that was refused with 400, 408, 413 or 431 before it was one.
std::string WhyRefused(int status, const HttpLimits& limits);

}  // namespace tokensvc

#endif  // TOKENSVC_HTTP_HTTP_LIMITS_H_
