#ifndef TOOLS_TRUST_GCP_CONDITION_H_
#define TOOLS_TRUST_GCP_CONDITION_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tools/trust/glob_match.h"
#include "tools/trust/truth.h"

namespace tools {

// An attribute condition of a workload identity pool provider, as far as it is judged here: `&&`, `||`, `!`, parentheses,
// and terms on one claim:
//
//   assertion.sub == 'acme:web:m1'         assertion.sub != '…'        assertion.sub in ['…', '…']
//   assertion.sub.startsWith('acme:web:')  .endsWith('…')              .contains('…')
//
// A claim is named assertion.NAME, or google.subject and attribute.NAME where the mapping says assertion.NAME.
// Immutable.
class GcpCondition {
 public:
  // What `sub` must be like for the condition to hold: one of `patterns`. `bounded` without patterns: another claim
  // narrows it to an app or a machine.
  struct SubjectBound {
    bool bounded = false;
    struct Pattern {
      std::string text;
      GlobSyntax syntax;
    };
    std::vector<Pattern> patterns;
  };

  // nullopt: an expression beyond the above.
  static std::optional<GcpCondition> Parse(absl::string_view text, const std::map<std::string, std::string>& mapping);

  // Unknown where a claim that decides is not among `claims`.
  Truth Judge(const std::map<std::string, std::string>& claims) const;

  SubjectBound BoundOfSubject() const;

  struct Node;  // gcp_condition.cc

 private:
  explicit GcpCondition(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
  std::shared_ptr<const Node> root_;
};

}  // namespace tools

#endif  // TOOLS_TRUST_GCP_CONDITION_H_
