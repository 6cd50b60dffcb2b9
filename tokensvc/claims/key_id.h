#ifndef TOKENSVC_CLAIMS_KEY_ID_H_
#define TOKENSVC_CLAIMS_KEY_ID_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tokensvc {

// "kid" of a key for one organization: the first 22 characters of base64url(SHA-256("flyd-kid-v1" || organization id as
// 8 bytes big-endian || epoch as 4 bytes big-endian || SubjectPublicKeyInfo DER)).
//
// Keys are shared by many organizations, kids are not: a verifier that looks a key up by kid refuses another tenant's
// token, and raising the epoch ends every token of one organization.
std::string OrganizationKeyId(uint64_t organization_id, uint32_t epoch, absl::string_view spki_der);

}  // namespace tokensvc

#endif  // TOKENSVC_CLAIMS_KEY_ID_H_
