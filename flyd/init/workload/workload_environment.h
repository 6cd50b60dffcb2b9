#ifndef FLYD_INIT_WORKLOAD_WORKLOAD_ENVIRONMENT_H_
#define FLYD_INIT_WORKLOAD_WORKLOAD_ENVIRONMENT_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace flyd {

// What the workload may know of its machine.
struct MachineFacts {
  std::string id;
  std::string name;
  std::string app;
  std::string organization;
  std::string region;
  std::string version;
  std::string image;
  std::string image_digest;
};

using Environment = std::map<std::string, std::string>;

inline constexpr char kAwsTokenFile[] = "/.fly/oidc_token";
inline constexpr char kAwsAudience[] = "sts.amazonaws.com";

// APP@MACHINE_ID as AWS takes it as a role session name: 2 to 64 of [A-Za-z0-9_+=,.@-]. Other characters become '-';
// what is too long is cut from the app's end, so that the machine can still be told.
std::string AwsSessionName(absl::string_view app, absl::string_view machine_id);

// True if the user asked for AWS credentials by AWS_ROLE_ARN and did not bring a token file of their own.
bool WantsAwsToken(const Environment& user);

// The workload's variables. FLY_* of the platform are always true, whatever the user set; PATH, HOME and the AWS
// variables are the user's where the user set them, even to nothing.
Environment BuildEnvironment(const MachineFacts& machine, const Environment& user, const std::string& home);

}  // namespace flyd

#endif  // FLYD_INIT_WORKLOAD_WORKLOAD_ENVIRONMENT_H_
