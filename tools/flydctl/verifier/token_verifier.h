#ifndef TOOLS_FLYDCTL_VERIFIER_TOKEN_VERIFIER_H_
#define TOOLS_FLYDCTL_VERIFIER_TOKEN_VERIFIER_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tools {

// A compact JWS taken apart; nothing is verified.
struct TokenParts {
  std::string header;  // JSON
  std::string payload;
  std::string signing_input;
  std::string signature;
};

// InvalidArgument: not three parts of base64url, or header or payload is not a JSON object.
absl::StatusOr<TokenParts> SplitToken(const std::string& token);

using Fetch = std::function<absl::StatusOr<std::string>(const std::string& url)>;

// Verifies a token as a relying party does: discovery under its `iss`, the JWKS that it names, the key by `kid`, the
// signature (RS256 or ES256), exp and nbf without grace, and `audience` unless it is empty. OK, or what does not hold.
absl::Status VerifyToken(const TokenParts& token, const std::string& audience, absl::Time now, const Fetch& fetch);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_VERIFIER_TOKEN_VERIFIER_H_
