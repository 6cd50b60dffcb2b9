#ifndef TOKENSVC_HTTP_HTTP_MESSAGE_H_
#define TOKENSVC_HTTP_HTTP_MESSAGE_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace tokensvc {

// A request as it arrived, within the server's limits.
struct HttpRequest {
  std::string method;
  std::string target;  // as sent: path and query
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // Value of the header if it stands exactly once; else empty. Names are compared without case.
  absl::string_view Header(absl::string_view name) const;
  size_t CountHeader(absl::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// `{"error": message}` with the status.
HttpResponse ErrorResponse(int status, absl::string_view message);

// The bytes on the wire. `head`: the request was HEAD, so the body is left out and its length is not.
std::string SerializeResponse(const HttpResponse& response, bool head, bool keep_alive);

}  // namespace tokensvc

#endif  // TOKENSVC_HTTP_HTTP_MESSAGE_H_
