#ifndef TOOLS_FLYDCTL_VERIFIER_HTTP_GET_H_
#define TOOLS_FLYDCTL_VERIFIER_HTTP_GET_H_

#include <string>

#include "absl/status/statusor.h"

namespace tools {

// The body of a 200 answer, at most 1 MiB, fetched within 10 s. As relying parties do, it follows no redirect.
// `url`: http://HOST[:PORT]/PATH or https://…, whose certificate must chain to `ca_file` (empty: the system's roots)
// and name HOST.
//   InvalidArgument: not such a URL. Unavailable: no connection. FailedPrecondition: another status than 200.
absl::StatusOr<std::string> HttpGet(const std::string& url, const std::string& ca_file);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_VERIFIER_HTTP_GET_H_
