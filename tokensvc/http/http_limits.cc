#include "tokensvc/http/http_limits.h"

#include "absl/strings/str_cat.h"

namespace tokensvc {

std::string WhyRefused(int status, const HttpLimits& limits) {
  switch (status) {
    case 408: return absl::StrCat("request: not whole after ", absl::FormatDuration(limits.read_timeout));
    case 413: return absl::StrCat("body: more than ", limits.body_bytes, " bytes, want at most those");
    case 431: return absl::StrCat("headers: more than ", limits.header_bytes, " bytes, want at most those");
    default: return "request: not HTTP/1.1, want it to the letter";
  }
}

}  // namespace tokensvc
