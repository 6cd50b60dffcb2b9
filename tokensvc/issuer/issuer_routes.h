#ifndef TOKENSVC_ISSUER_ISSUER_ROUTES_H_
#define TOKENSVC_ISSUER_ISSUER_ROUTES_H_

#include "absl/time/time.h"
#include "tokensvc/http/http_message.h"
#include "tokensvc/issuer/bundle_store.h"

namespace tokensvc {

// GET and HEAD of /ORG/.well-known/openid-configuration, /ORG/.well-known/jwks, /healthz, /readyz. Answers directly, never
// with a redirect, and never looks at Host: the issuer is the fleet document's. 503 before the first bundle. Documents may
// be kept as long as the key schedule allows (cache_policy.h); refusals are not kept by anybody.
HttpResponse RouteIssuerRequest(const HttpRequest& request, BundleStore& bundles, absl::Time now);

}  // namespace tokensvc

#endif  // TOKENSVC_ISSUER_ISSUER_ROUTES_H_
