#ifndef TOKENSVC_ISSUER_ISSUER_ROUTES_H_
#define TOKENSVC_ISSUER_ISSUER_ROUTES_H_

#include "tokensvc/http/http_message.h"
#include "tokensvc/issuer/bundle_store.h"

namespace tokensvc {

// GET and HEAD of /ORG/.well-known/openid-configuration, /ORG/.well-known/jwks, /healthz, /readyz. Answers directly, never
// with a redirect, and never looks at Host: the issuer is the fleet document's. 503 before the first bundle.
HttpResponse RouteIssuerRequest(const HttpRequest& request, BundleStore& bundles);

}  // namespace tokensvc

#endif  // TOKENSVC_ISSUER_ISSUER_ROUTES_H_
