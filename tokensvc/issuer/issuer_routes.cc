#include "tokensvc/issuer/issuer_routes.h"

#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "tokensvc/issuer/cache_policy.h"

namespace tokensvc {
namespace {

HttpResponse Serve(const HttpRequest& request, const PublicDocument& document, absl::Time now) {
  const CachePolicy policy = CachePolicyFor(document.next_key_signs, now);
  HttpResponse response = {.body = document.body,
                           .headers = {{"ETag", document.etag}, {"Cache-Control", CacheControl(policy)}}};
  for (absl::string_view tag : absl::StrSplit(request.Header("If-None-Match"), ',')) {
    tag = absl::StripAsciiWhitespace(tag);
    absl::ConsumePrefix(&tag, "W/");
    if (tag == document.etag || tag == "*") {
      response.status = 304;
      response.body.clear();
    }
  }
  return response;
}

HttpResponse RefuseUncached(int status, absl::string_view why) {
  HttpResponse refused = ErrorResponse(status, why);
  refused.headers.emplace_back("Cache-Control", "no-store");
  return refused;
}

HttpResponse Route(const HttpRequest& request, BundleStore& bundles, absl::Time now) {
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse refused = RefuseUncached(405, "method: not GET or HEAD");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  const absl::string_view path = absl::string_view(request.target).substr(0, request.target.find('?'));
  const std::shared_ptr<const PublicDocuments> documents = bundles.Documents();
  if (path == "/healthz") return {.content_type = "text/plain", .body = "ok"};
  if (documents == nullptr) {
    HttpResponse waiting = RefuseUncached(503, "keys: none yet, want a signer's bundle");
    waiting.headers.emplace_back("Retry-After", "1");
    return waiting;
  }
  if (path == "/readyz") return {.content_type = "text/plain", .body = "ok"};
  const std::vector<absl::string_view> parts = absl::StrSplit(path, '/');
  if (parts.size() == 4 && parts[0].empty() && parts[2] == ".well-known") {
    const PublicDocument* document = nullptr;
    if (parts[3] == "openid-configuration") document = documents->Discovery(parts[1]);
    if (parts[3] == "jwks") document = documents->Jwks(parts[1]);
    if (document != nullptr) return Serve(request, *document, now);
  }
  // An organization that is created now must not be missing for longer than it takes to publish it.
  return RefuseUncached(404, "path: not known here");
}

}  // namespace

HttpResponse RouteIssuerRequest(const HttpRequest& request, BundleStore& bundles, absl::Time now) {
  HttpResponse response = Route(request, bundles, now);
  // RFC 9110, section 6.6.1: caches reckon a copy's age from it.
  response.headers.emplace_back("Date", absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", now, absl::UTCTimeZone()));
  return response;
}

}  // namespace tokensvc
