#ifndef FLYD_INIT_TOKENS_CLOUD_IDENTITY_H_
#define FLYD_INIT_TOKENS_CLOUD_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flyd/init/gate/identity_settings.h"
#include "flyd/init/workload/workload_environment.h"

namespace flyd {

inline constexpr char kAwsTokenName[] = "oidc_token";
inline constexpr char kAwsAudience[] = "sts.amazonaws.com";
inline constexpr char kGoogleTokenName[] = "google_token";
inline constexpr char kGoogleCredentialsName[] = "google_credentials.json";
inline constexpr char kAzureTokenName[] = "azure_token";
inline constexpr char kAzureAudience[] = "api://AzureADTokenExchange";

// What a machine's settings ask for: which token files, which variables. Pure.
//
// The switches are variables of the user: AWS_ROLE_ARN; GOOGLE_WORKLOAD_IDENTITY_PROVIDER (and GOOGLE_SERVICE_ACCOUNT);
// AZURE_CLIENT_ID with AZURE_TENANT_ID. proto/machines/v1/machines.proto (IdentityConfig) says what each brings about. An
// empty variable is as good as none. A row of the user's own table takes the place of a cloud's file of the same name.
struct CloudIdentity {
  std::vector<TokenFileSetting> tokens;  // each name once
  std::string google_credentials;        // content of /.fly/google_credentials.json; "" if Google is off
  // Only those that the user has not set.
  Environment variables;
  // The first of the user's settings that makes no sense, `VARIABLE: found, want`; its cloud is off.
  absl::Status flaw;
};

CloudIdentity PlanCloudIdentity(const MachineFacts& machine, const Environment& user,
                                const std::vector<TokenFileSetting>& table);

// APP@MACHINE_ID as AWS takes it as a role session name: 2 to 64 of [A-Za-z0-9_+=,.@-]. Other characters become '-';
// what is too long is cut from the app's end, so that the machine can still be told.
std::string AwsSessionName(absl::string_view app, absl::string_view machine_id);

}  // namespace flyd

#endif  // FLYD_INIT_TOKENS_CLOUD_IDENTITY_H_
