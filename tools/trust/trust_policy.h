#ifndef TOOLS_TRUST_TRUST_POLICY_H_
#define TOOLS_TRUST_TRUST_POLICY_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/trust/finding.h"
#include "tools/trust/truth.h"

namespace tools {

// An organization of the fleet as relying parties see it.
struct IssuerFacts {
  std::string organization;  // slug
  std::string issuer;        // the claim `iss`
  bool es256 = false;        // else RS256
};

// What a relying party would read in one token, as far as it is known before the token exists: at least `iss`, `sub`,
// `aud`, `org_name`, `app_name`. Times, ids and image are not here, though a token has them.
struct TokenFacts {
  std::map<std::string, std::string> claims;
};

struct Verdict {
  Truth admitted = Truth::kFalse;
  std::string why;  // which part of the policy decided, or could not be judged
};

// What one relying party was told to trust. Signature and times are presumed good: the policy is what is asked about.
// Immutable.
class TrustPolicy {
 public:
  virtual ~TrustPolicy() = default;

  // "aws", "azure", "gcp" or "vault".
  virtual absl::string_view kind() const = 0;

  // Audiences that a token might need: what the policy names, or one that fits each of its patterns.
  virtual std::vector<std::string> Audiences() const = 0;

  virtual Verdict Judge(const TokenFacts& token) const = 0;

  // What is wrong with it whatever machines there are. `issuers` are all organizations of the fleet.
  virtual std::vector<Finding> Audit(absl::Span<const IssuerFacts> issuers) const = 0;
};

}  // namespace tools

#endif  // TOOLS_TRUST_TRUST_POLICY_H_
