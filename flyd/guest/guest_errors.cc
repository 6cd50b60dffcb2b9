#include "flyd/guest/guest_errors.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tokensvc/rpc/error_details.h"

namespace flyd {
namespace {

using tokensvc::ErrorResponse;
using tokensvc::HttpResponse;

HttpResponse WithRetryAfter(HttpResponse response, const absl::Status& status) {
  const absl::Duration delay = tokensvc::RetryDelayOf(status).value_or(absl::Seconds(1));
  const int64_t seconds = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(absl::ToDoubleSeconds(delay))));
  response.headers.emplace_back("Retry-After", absl::StrCat(seconds));
  return response;
}

// The signer's refusals in the machine's words: what its placement does not allow is its business, the rest is not.
std::string Forbidden(const absl::Status& status) {
  const std::string reason = tokensvc::ReasonOf(status);
  if (reason == "AUDIENCE_NOT_ALLOWED") return "aud: not allowed, want one that this machine's placement lists";
  if (reason == "ROLE_NOT_ALLOWED") return "aws_role_arn: not allowed, want one that this machine's placement lists";
  if (reason == "TAGS_NOT_ALLOWED") return "aws_principal_tags: not allowed by this machine's placement";
  if (reason == "ORGANIZATION_NOT_ACTIVE") return "organization: stopped, want it active";
  if (reason.empty()) return std::string(status.message());
  return absl::StrCat("token: refused, ", reason);
}

}  // namespace

HttpResponse GuestError(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return ErrorResponse(400, status.message());
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kAborted:  // the boot was fenced while it asked
      return ErrorResponse(401, "unauthorized");
    case absl::StatusCode::kPermissionDenied:
      return ErrorResponse(403, Forbidden(status));
    case absl::StatusCode::kNotFound:
      return ErrorResponse(404, status.message());
    case absl::StatusCode::kAlreadyExists:  // the boot answer, which is given once
      return ErrorResponse(403, status.message());
    case absl::StatusCode::kOutOfRange:
      return WithRetryAfter(ErrorResponse(429, status.message()), status);
    default:
      return WithRetryAfter(ErrorResponse(503, "signer: not available now, want another try later"), status);
  }
}

}  // namespace flyd
