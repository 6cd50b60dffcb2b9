#ifndef TOOLS_TRUST_FINDING_H_
#define TOOLS_TRUST_FINDING_H_

#include <string>

namespace tools {

enum class Severity {
  kDanger,   // admits more than its author can have meant
  kWarning,  // admits nobody, says something needlessly, or cannot be judged
};

// One thing that an auditor would say of a trust policy.
struct Finding {
  Severity severity = Severity::kWarning;
  // Stable, for scripts: lower-case words with hyphens. docs/clouds.md lists them.
  std::string code;
  // `subject: found, want`.
  std::string message;
};

}  // namespace tools

#endif  // TOOLS_TRUST_FINDING_H_
