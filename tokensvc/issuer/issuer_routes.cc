#include "tokensvc/issuer/issuer_routes.h"

#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tokensvc {
namespace {

// Short enough that Kubernetes, which refuses an unknown kid while its copy is fresh, follows within half a minute; caches
// between may serve an old copy for a day if issuerd is away.
constexpr char kCacheControl[] = "public, max-age=30, s-maxage=30, stale-if-error=86400";

HttpResponse Serve(const HttpRequest& request, const PublicDocument& document) {
  HttpResponse response = {.body = document.body,
                           .headers = {{"ETag", document.etag}, {"Cache-Control", kCacheControl}}};
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

}  // namespace

HttpResponse RouteIssuerRequest(const HttpRequest& request, BundleStore& bundles) {
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse refused = ErrorResponse(405, "method: not GET or HEAD");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  const absl::string_view path = absl::string_view(request.target).substr(0, request.target.find('?'));
  const std::shared_ptr<const PublicDocuments> documents = bundles.Documents();
  if (path == "/healthz") return {.content_type = "text/plain", .body = "ok"};
  if (documents == nullptr) {
    HttpResponse waiting = ErrorResponse(503, "keys: none yet, want a signer's bundle");
    waiting.headers.emplace_back("Retry-After", "1");
    return waiting;
  }
  if (path == "/readyz") return {.content_type = "text/plain", .body = "ok"};
  const std::vector<absl::string_view> parts = absl::StrSplit(path, '/');
  if (parts.size() == 4 && parts[0].empty() && parts[2] == ".well-known") {
    const PublicDocument* document = nullptr;
    if (parts[3] == "openid-configuration") document = documents->Discovery(parts[1]);
    if (parts[3] == "jwks") document = documents->Jwks(parts[1]);
    if (document != nullptr) return Serve(request, *document);
  }
  return ErrorResponse(404, "path: not known here");
}

}  // namespace tokensvc
