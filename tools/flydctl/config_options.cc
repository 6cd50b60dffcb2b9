#include "tools/flydctl/config_options.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "tools/flydctl/token_file_option.h"

namespace tools {
namespace {

namespace machines = fly::machines::v1;

absl::Status SetEnv(const ConfigArguments& arguments, machines::MachineConfig& config) {
  for (const std::string& pair : arguments.env) {
    const size_t equals = pair.find('=');
    if (equals == pair.npos || equals == 0) {
      return absl::InvalidArgumentError(absl::StrCat("-e ", pair, ": no name and value, want KEY=VALUE"));
    }
    (*config.mutable_env())[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return absl::OkStatus();
}

absl::Status SetIdentity(const ConfigArguments& arguments, machines::IdentityConfig& identity) {
  if (arguments.identity_required) identity.set_required(true);
  if (arguments.tags) identity.set_aws_principal_tags(true);
  if (arguments.pin_role) identity.set_aws_pin_role(true);
  if (arguments.google_metadata) identity.set_google_metadata(true);
  if (!arguments.token_files.empty()) identity.clear_files();
  for (const std::string& option : arguments.token_files) {
    absl::StatusOr<machines::TokenFile> file = ParseTokenFileOption(option);
    if (!file.ok()) return file.status();
    *identity.add_files() = *std::move(file);
  }
  return absl::OkStatus();
}

void SetRestart(const ConfigArguments& arguments, machines::MachineConfig& config) {
  static const std::map<std::string, machines::RestartConfig::Policy> kPolicies = {
      {"no", machines::RestartConfig::NO},
      {"on-failure", machines::RestartConfig::ON_FAILURE},
      {"always", machines::RestartConfig::ALWAYS}};
  if (!arguments.restart.empty()) config.mutable_restart()->set_policy(kPolicies.at(arguments.restart));
  if (arguments.restart_max != 0) config.mutable_restart()->set_max_retries(arguments.restart_max);
  if (arguments.auto_destroy) config.set_auto_destroy(true);
}

void SetGuest(const ConfigArguments& arguments, machines::MachineConfig& config) {
  if (arguments.cpus != 0) config.mutable_guest()->set_cpus(arguments.cpus);
  if (arguments.memory_mb != 0) config.mutable_guest()->set_memory_mb(arguments.memory_mb);
  if (arguments.pids != 0) config.mutable_guest()->set_pids(arguments.pids);
}

}  // namespace

absl::StatusOr<machines::MachineConfig> ConfigOf(const ConfigArguments& arguments, machines::MachineConfig base) {
  if (!arguments.command.empty()) base.mutable_command()->Assign(arguments.command.begin(), arguments.command.end());
  if (!arguments.user.empty()) base.set_user(arguments.user);
  if (absl::Status env = SetEnv(arguments, base); !env.ok()) return env;
  if (absl::Status identity = SetIdentity(arguments, *base.mutable_identity()); !identity.ok()) return identity;
  SetRestart(arguments, base);
  SetGuest(arguments, base);
  return base;
}

void AddConfigOptions(CLI::App& command, ConfigArguments& arguments) {
  command.add_option("--image-digest", arguments.image_digest, "sha256:… that the image must have");
  command.add_option("-u,--user", arguments.user, "User, user:group or numbers (default: root)");
  // One value an option: what follows -- is the command's.
  command.add_option("-e,--env", arguments.env, "KEY=VALUE, repeatable")->allow_extra_args(false);
  command.add_option("--aud", arguments.audiences, "Allowed audience, repeatable (default: any)")->allow_extra_args(false);
  command.add_option("--role-arn", arguments.roles, "AWS role that a token may be pinned to")->allow_extra_args(false);
  command.add_option("--subject", arguments.subject, "What `sub` names")
      ->check(CLI::IsMember({"machine", "app"}))
      ->capture_default_str();
  command.add_flag("--aws-principal-tags", arguments.tags, "Allow AWS session tags in tokens");
  command.add_flag("--aws-pin-role", arguments.pin_role, "Tokens for AWS are good for AWS_ROLE_ARN alone, one of --role-arn");
  command.add_option("--token-file", arguments.token_files, "PATH=AUDIENCE[,mode=OCTAL][,owner=USER[:GROUP]], repeatable")
      ->allow_extra_args(false);
  command.add_flag("--google-metadata", arguments.google_metadata, "Serve Google's metadata identity endpoint inside");
  command.add_flag("--identity-required", arguments.identity_required, "Fail the start where no first token can be had");
  command.add_option("--restart", arguments.restart, "When the workload has ended by itself (default: no)")
      ->check(CLI::IsMember({"no", "on-failure", "always"}));
  command.add_option("--restart-max", arguments.restart_max, "Restarts of on-failure (default 10)")->check(CLI::Range(1, 1000));
  command.add_flag("--auto-destroy", arguments.auto_destroy, "Destroy it when the workload has ended by itself");
  command.add_option("--cpus", arguments.cpus, "Processors' time that it may take (default: no limit)")->check(CLI::Range(1, 1024));
  command.add_option("--memory-mb", arguments.memory_mb, "Memory that it may take (default: no limit)")->check(CLI::Range(32, 1 << 24));
  command.add_option("--pids", arguments.pids, "Processes and threads that it may have (default: no limit)")->check(CLI::Range(16, 1 << 22));
  command.add_option("command", arguments.command, "Program and arguments, after -- (default: the image's)");
}

}  // namespace tools
