#include "tokensvc/fleet/registry/parse_policy.h"

#include "absl/strings/str_cat.h"
#include "proto/fleet/v1/placement.pb.h"

namespace tokensvc {

namespace pb = fly::fleet::v1;

absl::Status ParsePolicy(const pb::PlacementPolicy& proto, MachineVersion& version) {
  version.policy.audiences = {proto.audiences().begin(), proto.audiences().end()};
  version.policy.any_audience = proto.any_audience();
  version.policy.default_audience = proto.default_audience();
  version.policy.role_arns = {proto.role_arns().begin(), proto.role_arns().end()};
  version.policy.aws_principal_tags = proto.aws_principal_tags();
  if (proto.subject() == pb::PlacementPolicy::SUBJECT_APP) {
    version.subject_scope = SubjectScope::kApp;
  } else if (proto.subject() == pb::PlacementPolicy::SUBJECT_MACHINE ||
             proto.subject() == pb::PlacementPolicy::SUBJECT_UNSPECIFIED) {
    version.subject_scope = SubjectScope::kMachine;
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("policy.subject: ", static_cast<int>(proto.subject()), ", want 1 (machine) or 2 (app)"));
  }
  return absl::OkStatus();
}

void PolicyToProto(const MachineVersion& version, pb::PlacementPolicy& proto) {
  for (const std::string& audience : version.policy.audiences) proto.add_audiences(audience);
  proto.set_any_audience(version.policy.any_audience);
  proto.set_default_audience(version.policy.default_audience);
  for (const std::string& arn : version.policy.role_arns) proto.add_role_arns(arn);
  proto.set_aws_principal_tags(version.policy.aws_principal_tags);
  proto.set_subject(version.subject_scope == SubjectScope::kApp ? pb::PlacementPolicy::SUBJECT_APP
                                                                : pb::PlacementPolicy::SUBJECT_MACHINE);
}

}  // namespace tokensvc
