#ifndef TOKENSVC_CLAIMS_IDENTITY_CLAIMS_H_
#define TOKENSVC_CLAIMS_IDENTITY_CLAIMS_H_

#include <cstdint>
#include <string>

namespace tokensvc {

// `sub` of a token: Azure compares it exactly and allows twenty credentials, so a control plane may leave the machine out.
enum class SubjectScope : uint8_t {
  kMachine = 1,  // organization:app:machine
  kApp = 2,      // organization:app
};

// Who a machine is: the claims that do not change from one token of a boot to the next. flyd takes them from its record,
// signerd from the placement; they must agree, which is what the digest is for.
struct IdentityClaims {
  uint64_t organization_id = 0;
  std::string organization_slug;
  uint64_t app_id = 0;
  std::string app_name;
  std::string machine_id;
  std::string machine_name;
  std::string machine_version;
  std::string image;
  std::string image_digest;
  std::string region;
  SubjectScope subject_scope = SubjectScope::kMachine;
};

// "organization:app:machine" or "organization:app". At most 127 bytes where the names are within their limits.
std::string Subject(const IdentityClaims& claims);

// SHA-256 over "flyd-identity-claims-v1\0" and the canonical JSON of app_id, app_name, image, image_digest, machine_id,
// machine_name, machine_version, org_id, org_name, region and sub: sorted keys, no white space, ids as decimal strings.
// 32 bytes. Both sides compute it; a difference means that flyd's record and the placement disagree.
std::string IdentityClaimsDigest(const IdentityClaims& claims);

}  // namespace tokensvc

#endif  // TOKENSVC_CLAIMS_IDENTITY_CLAIMS_H_
