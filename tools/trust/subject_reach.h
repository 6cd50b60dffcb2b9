#ifndef TOOLS_TRUST_SUBJECT_REACH_H_
#define TOOLS_TRUST_SUBJECT_REACH_H_

#include <string>

#include "absl/strings/string_view.h"
#include "tools/trust/glob_match.h"

namespace tools {

// How far a pattern of `sub` reaches, given that a subject is ORGANIZATION:APP:MACHINE or ORGANIZATION:APP and that no
// name contains a colon.
enum class Reach {
  kNobody,            // no machine has such a subject
  kMachine,           // one machine
  kSomeMachines,      // machines of one app whose names fit
  kApp,               // every machine of one app, or the subject of an app
  kOrganization,      // every machine of one organization, said plainly: "acme:*"
  kOpenApp,           // a wildcard before the app's name has ended: "acme:web*" reaches "acme:web2:m1"
  kOpenOrganization,  // a wildcard before the organization's slug has ended: "acme*", "*"
};

struct SubjectReach {
  Reach reach = Reach::kNobody;
  std::string organization;  // slug; empty where it is open
  std::string surprise;      // kOpenApp: a subject of another app that fits; empty where none was found
};

SubjectReach ReachOf(absl::string_view pattern, GlobSyntax syntax);

}  // namespace tools

#endif  // TOOLS_TRUST_SUBJECT_REACH_H_
