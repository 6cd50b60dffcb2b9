#ifndef TOOLS_FLYDCTL_CONFIG_OPTIONS_H_
#define TOOLS_FLYDCTL_CONFIG_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "proto/machines/v1/machines.pb.h"

namespace tools {

// What `machine run` and `machine update` say of a machine's configuration and of its placement's policy.
struct ConfigArguments {
  std::string image_digest;
  std::string user;
  std::string subject = "machine";
  std::vector<std::string> env;
  std::vector<std::string> audiences;
  std::vector<std::string> roles;
  std::vector<std::string> token_files;
  std::vector<std::string> command;
  bool tags = false;
  bool pin_role = false;
  bool google_metadata = false;
  bool identity_required = false;
  std::string restart;
  uint32_t restart_max = 0;
  bool auto_destroy = false;
  uint32_t cpus = 0;
  uint32_t memory_mb = 0;
  uint32_t pids = 0;
};

void AddConfigOptions(CLI::App& command, ConfigArguments& arguments);

// `base`, changed where an option was given. InvalidArgument names the option.
absl::StatusOr<fly::machines::v1::MachineConfig> ConfigOf(const ConfigArguments& arguments,
                                                          fly::machines::v1::MachineConfig base);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_CONFIG_OPTIONS_H_
