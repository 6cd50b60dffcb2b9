#include "tokensvc/claims/key_id.h"

#include <openssl/sha.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tokensvc {

std::string OrganizationKeyId(uint64_t organization_id, uint32_t epoch, absl::string_view spki_der) {
  std::string input = "flyd-kid-v1";
  for (int shift = 56; shift >= 0; shift -= 8) input.push_back(static_cast<char>(organization_id >> shift));
  for (int shift = 24; shift >= 0; shift -= 8) input.push_back(static_cast<char>(epoch >> shift));
  absl::StrAppend(&input, spki_der);
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const uint8_t*>(input.data()), input.size(), reinterpret_cast<uint8_t*>(digest.data()));
  return absl::WebSafeBase64Escape(digest).substr(0, 22);
}

}  // namespace tokensvc
