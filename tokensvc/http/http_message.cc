#include "tokensvc/http/http_message.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace tokensvc {
namespace {

absl::string_view Reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Status";
  }
}

}  // namespace

absl::string_view HttpRequest::Header(absl::string_view name) const {
  absl::string_view found;
  size_t count = 0;
  for (const auto& [key, value] : headers) {
    if (!absl::EqualsIgnoreCase(key, name)) continue;
    found = value;
    ++count;
  }
  return count == 1 ? found : absl::string_view();
}

size_t HttpRequest::CountHeader(absl::string_view name) const {
  size_t count = 0;
  for (const auto& [key, value] : headers) count += absl::EqualsIgnoreCase(key, name) ? 1 : 0;
  return count;
}

HttpResponse ErrorResponse(int status, absl::string_view message) {
  const nlohmann::json body = {{"error", std::string(message)}};
  return {.status = status, .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

std::string SerializeResponse(const HttpResponse& response, bool head, bool keep_alive) {
  std::string out = absl::StrCat("HTTP/1.1 ", response.status, " ", Reason(response.status), "\r\n");
  const bool has_body = response.status != 204 && response.status != 304;
  if (has_body) {
    absl::StrAppend(&out, "Content-Type: ", response.content_type, "\r\nContent-Length: ", response.body.size(), "\r\n");
  }
  for (const auto& [name, value] : response.headers) absl::StrAppend(&out, name, ": ", value, "\r\n");
  absl::StrAppend(&out, "Connection: ", keep_alive ? "keep-alive" : "close", "\r\n\r\n");
  if (has_body && !head) absl::StrAppend(&out, response.body);
  return out;
}

}  // namespace tokensvc
