#ifndef TOKENSVC_CLAIMS_TOKEN_CLAIMS_H_
#define TOKENSVC_CLAIMS_TOKEN_CLAIMS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tokensvc/claims/identity_claims.h"

namespace tokensvc {

// Everything that one token says.
struct TokenClaims {
  IdentityClaims identity;
  std::string issuer;        // "iss"
  std::string audience;      // "aud": one string, never an array
  std::string jti;           // random UUID
  absl::Time signed_at;      // iat = nbf = floor(signed_at - kTokenBackdate), exp = iat + kTokenLifetime
  bool aws_principal_tags = false;  // adds https://aws.amazon.com/tags
  std::string aws_role_arn;         // not empty: adds https://aws.amazon.com/roles
};

// The JWT payload (RFC 7519): compact JSON, keys in ascending order. Seventeen claims:
//   app_id app_name aud exp iat image image_digest iss jti machine_id machine_name machine_version nbf org_id org_name
//   region sub
// with https://aws.amazon.com/roles and …/tags in their places where asked for. Ids are decimal strings, times integers.
std::string TokenPayload(const TokenClaims& claims);

// The times that TokenPayload writes, in unix seconds.
int64_t IssuedUnix(absl::Time signed_at);
int64_t ExpiresUnix(absl::Time signed_at);

// The JOSE header: exactly {"alg":ALG,"kid":KID,"typ":"JWT"}.
std::string TokenHeader(absl::string_view alg, absl::string_view kid);

// base64url(header) "." base64url(payload), without padding: what is signed (RFC 7515, section 5.1).
std::string SigningInput(absl::string_view header, absl::string_view payload);

// The compact serialization. `signature` is raw: RSA, or for ES256 64 bytes of R || S.
std::string CompactSerialization(absl::string_view signing_input, absl::string_view signature);

}  // namespace tokensvc

#endif  // TOKENSVC_CLAIMS_TOKEN_CLAIMS_H_
