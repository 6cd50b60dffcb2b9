#ifndef TOKENSVC_HTTP_HTTP_STRICTNESS_H_
#define TOKENSVC_HTTP_HTTP_STRICTNESS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "tokensvc/http/http_message.h"

namespace tokensvc {

// What Beast's parser forgives and RFC 9112 lets a server refuse: each is a way for two readers of one connection to see
// different requests.

// `head`: request line and fields as they stood on the wire. False where a field is folded (section 5.2); the parser
// would join its lines.
bool HasNoFoldedField(absl::string_view head);

// Exactly one Host (section 3.2); at most one Content-Length, of digits alone; no transfer coding but one "chunked".
bool HasOneFraming(const HttpRequest& request);

// A server has to take the absolute form "http://HOST/PATH" too (section 3.2.2). HOST is looked at as little as the field Host:
// "/PATH" of it, and any other target as it is.
std::string OriginForm(std::string target);

}  // namespace tokensvc

#endif  // TOKENSVC_HTTP_HTTP_STRICTNESS_H_
