#include "tokensvc/http/http_strictness.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace tokensvc {

bool HasNoFoldedField(absl::string_view head) {
  return !absl::StrContains(head, "\r\n ") && !absl::StrContains(head, "\r\n\t");
}

bool HasOneFraming(const HttpRequest& request) {
  if (request.CountHeader("Host") != 1) return false;
  const size_t lengths = request.CountHeader("Content-Length");
  const absl::string_view length = request.Header("Content-Length");
  if (lengths > 1 || !std::all_of(length.begin(), length.end(), absl::ascii_isdigit)) return false;
  const size_t codings = request.CountHeader("Transfer-Encoding");
  return codings == 0 || (lengths == 0 && absl::EqualsIgnoreCase(request.Header("Transfer-Encoding"), "chunked"));
}

std::string OriginForm(std::string target) {
  size_t authority = 0;
  if (absl::StartsWithIgnoreCase(target, "http://")) authority = 7;
  if (absl::StartsWithIgnoreCase(target, "https://")) authority = 8;
  if (authority == 0) return target;
  const size_t end = target.find_first_of("/?#", authority);
  if (end == target.npos) return "/";
  return target[end] == '/' ? target.substr(end) : "/" + target.substr(end);
}

}  // namespace tokensvc
