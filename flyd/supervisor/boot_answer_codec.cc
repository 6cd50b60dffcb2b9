#include "flyd/supervisor/boot_answer_codec.h"

#include <csignal>
#include <cstring>

#include "absl/strings/strip.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "proto/machines/v1/machines.pb.h"

namespace flyd {
namespace {

using nlohmann::json;
using fly::machines::v1::MachineConfig;

json RunJson(const MachineConfig& config) {
  json env = json::object();
  for (const auto& [name, value] : config.env()) env[name] = value;
  return {{"command", std::vector<std::string>(config.command().begin(), config.command().end())},
          {"env", std::move(env)},
          {"user", config.user()},
          {"working_dir", config.working_dir()}};
}

json IdentityJson(const MachineConfig& config) {
  const uint32_t mode = config.identity().socket_mode() == 0 ? 0600 : config.identity().socket_mode();
  json files = json::array();
  for (const auto& file : config.identity().files()) {
    files.push_back({{"path", file.path()},
                     {"audience", file.audience()},
                     {"mode", file.mode() == 0 ? "" : absl::StrFormat("%04o", file.mode())},
                     {"owner", file.owner()}});
  }
  return {{"required", config.identity().required()},
          {"socket_mode", absl::StrFormat("%04o", mode)},
          {"aws_principal_tags", config.identity().aws_principal_tags()},
          {"aws_pin_role", config.identity().aws_pin_role()},
          {"files", std::move(files)},
          {"google_metadata", config.identity().google_metadata()}};
}

json MachineJson(const storage::MachineRecord& record, const MachineConfig& config) {
  return {{"id", record.id},
          {"name", record.name},
          {"app", record.app_name},
          {"organization", record.organization_slug},
          {"region", record.region},
          {"version", record.boot->version.version},
          {"image", record.boot->version.image},
          {"image_digest", record.boot->version.image_digest},
          {"memory_mb", config.guest().memory_mb()}};
}

}  // namespace

absl::StatusOr<std::string> BootAnswerJson(const storage::MachineRecord& record, absl::string_view macaroon) {
  MachineConfig config;
  if (!config.ParseFromString(record.boot->version.config)) {
    return absl::InvalidArgumentError(absl::StrCat("machine ", record.id, " config: not a MachineConfig"));
  }
  const StopSettings stop = StopSettingsOf(record.boot->version.config);
  const json answer = {{"boot_id", record.boot->boot_id},
                       {"macaroon", std::string(macaroon)},
                       {"machine", MachineJson(record, config)},
                       {"run", RunJson(config)},
                       {"identity", IdentityJson(config)},
                       {"stop",
                        {{"signal", config.stop().signal().empty() ? "SIGINT" : config.stop().signal()},
                         {"timeout_seconds", absl::ToInt64Seconds(stop.timeout)}}}};
  return answer.dump(-1, ' ', false, json::error_handler_t::replace);
}

StopSettings StopSettingsOf(absl::string_view bytes) {
  StopSettings settings;
  MachineConfig config;
  if (!config.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return settings;
  if (const int signal = SignalByName(config.stop().signal()); signal != 0) settings.signal = signal;
  if (config.stop().timeout_seconds() != 0) settings.timeout = absl::Seconds(config.stop().timeout_seconds());
  return settings;
}

RestartSettings RestartSettingsOf(absl::string_view bytes) {
  RestartSettings settings;
  MachineConfig config;
  if (!config.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return settings;
  using fly::machines::v1::RestartConfig;
  if (config.restart().policy() == RestartConfig::ON_FAILURE) settings.policy = RestartPolicy::kOnFailure;
  if (config.restart().policy() == RestartConfig::ALWAYS) settings.policy = RestartPolicy::kAlways;
  if (config.restart().max_retries() != 0) settings.max_retries = config.restart().max_retries();
  return settings;
}

BootLimits LimitsOf(absl::string_view bytes) {
  MachineConfig config;
  if (!config.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return {};
  return {.cpus = config.guest().cpus(),
          .memory_bytes = uint64_t{config.guest().memory_mb()} << 20,
          .pids = config.guest().pids()};
}

std::map<std::string, std::string> MetadataOf(absl::string_view bytes) {
  MachineConfig config;
  if (!config.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return {};
  return {config.metadata().begin(), config.metadata().end()};
}

bool WantsAutoDestroy(absl::string_view bytes) {
  MachineConfig config;
  return config.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) && config.auto_destroy();
}

bool WantsPrincipalTags(absl::string_view bytes) {
  MachineConfig config;
  return config.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) && config.identity().aws_principal_tags();
}

int SignalByName(absl::string_view name) {
  if (!absl::ConsumePrefix(&name, "SIG")) return 0;
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* abbreviation = sigabbrev_np(signal);
    if (abbreviation != nullptr && name == abbreviation) return signal;
  }
  return 0;
}

}  // namespace flyd
