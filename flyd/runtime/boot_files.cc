#include "flyd/runtime/boot_files.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

using Json = nlohmann::json;

absl::StatusOr<Json> ParseObject(absl::string_view text, absl::string_view subject) {
  Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError(absl::StrCat(subject, ": not JSON, want an object"));
  return json;
}

std::string TextOr(const Json& json, const char* name, const std::string& fallback = "") {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : fallback;
}

template <typename Number>
Number NumberOr(const Json& json, const char* name, Number fallback = 0) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number_integer() ? found->get<Number>() : fallback;
}

bool FlagOr(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

Json ToJson(const ProcessIdentity& process) {
  return {{"pid", process.pid}, {"start_ticks", process.start_ticks}, {"host_boot_id", process.host_boot_id}};
}

std::optional<ProcessIdentity> ToProcess(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_object()) return std::nullopt;
  return ProcessIdentity{.pid = NumberOr<pid_t>(*found, "pid"),
                         .start_ticks = NumberOr<uint64_t>(*found, "start_ticks"),
                         .host_boot_id = TextOr(*found, "host_boot_id")};
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

std::string EncodeOrder(const RunnerOrder& order) {
  return Dump({{"machine_id", order.machine_id},
               {"boot_id", order.boot_id},
               {"hostname", order.hostname},
               {"image", order.image},
               {"rootfs", order.rootfs},
               {"image_defaults", EncodeImageDefaults(order.image_defaults)},
               {"guest_directory", order.guest_directory},
               {"first_host_id", order.first_host_id},
               {"private_network", order.private_network},
               {"control_group", order.control_group},
               {"limits",
                {{"cpus", order.limits.cpus}, {"memory_bytes", order.limits.memory_bytes}, {"pids", order.limits.pids}}},
               {"hidden_paths", order.hidden_paths}});
}

absl::StatusOr<RunnerOrder> DecodeOrder(absl::string_view text) {
  absl::StatusOr<Json> json = ParseObject(text, kOrderFile);
  if (!json.ok()) return json.status();
  RunnerOrder order = {.machine_id = TextOr(*json, "machine_id"),
                       .boot_id = TextOr(*json, "boot_id"),
                       .hostname = TextOr(*json, "hostname"),
                       .image = TextOr(*json, "image"),
                       .rootfs = TextOr(*json, "rootfs"),
                       .guest_directory = TextOr(*json, "guest_directory"),
                       .first_host_id = NumberOr<uint32_t>(*json, "first_host_id"),
                       .private_network = FlagOr(*json, "private_network"),
                       .control_group = TextOr(*json, "control_group")};
  if (order.machine_id.empty() || order.guest_directory.empty()) {
    return absl::InvalidArgumentError("order.json: without machine_id or guest_directory, want both");
  }
  if (const std::string defaults = TextOr(*json, "image_defaults"); !defaults.empty()) {
    absl::StatusOr<ImageDefaults> decoded = DecodeImageDefaults(defaults);
    if (!decoded.ok()) return decoded.status();
    order.image_defaults = *std::move(decoded);
  }
  if (const auto limits = json->find("limits"); limits != json->end() && limits->is_object()) {
    order.limits = {.cpus = NumberOr<uint32_t>(*limits, "cpus"),
                    .memory_bytes = NumberOr<uint64_t>(*limits, "memory_bytes"),
                    .pids = NumberOr<uint32_t>(*limits, "pids")};
  }
  const auto hidden = json->find("hidden_paths");
  if (hidden != json->end() && hidden->is_array()) {
    for (const Json& path : *hidden) {
      if (path.is_string()) order.hidden_paths.push_back(path.get<std::string>());
    }
  }
  return order;
}

std::string EncodeRunner(const RunnerRecord& record) {
  return Dump({{"runner", ToJson(record.runner)}, {"init", ToJson(record.init)}});
}

absl::StatusOr<RunnerRecord> DecodeRunner(absl::string_view text) {
  absl::StatusOr<Json> json = ParseObject(text, kRunnerFile);
  if (!json.ok()) return json.status();
  std::optional<ProcessIdentity> runner = ToProcess(*json, "runner");
  std::optional<ProcessIdentity> init = ToProcess(*json, "init");
  if (!runner || !init || runner->pid <= 0) {
    return absl::InvalidArgumentError("runner.json: without runner or init, want both");
  }
  return RunnerRecord{.runner = *std::move(runner), .init = *std::move(init)};
}

std::string EncodeExit(const BootExit& exit) {
  return Dump({{"exit_code", exit.exit_code},
               {"signal", exit.signal},
               {"oom_killed", exit.oom_killed},
               {"exited_at_unix_millis", absl::ToUnixMillis(exit.exited_at)},
               {"error", exit.error}});
}

absl::StatusOr<BootExit> DecodeExit(absl::string_view text) {
  absl::StatusOr<Json> json = ParseObject(text, kExitFile);
  if (!json.ok()) return json.status();
  if (!json->contains("exit_code")) return absl::InvalidArgumentError("exit.json: without exit_code, want it");
  return BootExit{.exit_code = NumberOr<int>(*json, "exit_code"),
                  .signal = NumberOr<int>(*json, "signal"),
                  .oom_killed = FlagOr(*json, "oom_killed"),
                  .exited_at = absl::FromUnixMillis(NumberOr<int64_t>(*json, "exited_at_unix_millis")),
                  .error = TextOr(*json, "error")};
}

}  // namespace flyd
