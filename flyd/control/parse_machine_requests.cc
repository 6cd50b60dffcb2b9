#include "flyd/control/parse_machine_requests.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "flyd/control/check_identity_config.h"
#include "flyd/supervisor/boot_answer_codec.h"
#include "tokensvc/es256/es256_verify.h"

namespace flyd {
namespace {

namespace pb = fly::machines::v1;

constexpr int kMaxEntries = 256;
constexpr size_t kMaxTextBytes = 64 * 1024;
constexpr uint32_t kMaxStopSeconds = 300;
constexpr uint32_t kMaxExecSeconds = 600;
constexpr uint32_t kMaxWaitSeconds = 60;

absl::Status Bad(absl::string_view field, absl::string_view found, absl::string_view want) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", found, ", want ", want));
}

bool IsVariableName(absl::string_view name) {
  if (name.empty() || absl::ascii_isdigit(name[0])) return false;
  for (const char c : name) {
    if (!absl::ascii_isalnum(c) && c != '_') return false;
  }
  return true;
}

// What becomes an argument or a variable of a process cannot hold a NUL.
absl::Status CheckText(absl::string_view field, absl::string_view text, size_t& total) {
  if (text.find('\0') != text.npos) return Bad(field, "a NUL byte", "none");
  total += text.size();
  if (total > kMaxTextBytes) return Bad(field, absl::StrCat("more than ", kMaxTextBytes, " bytes"), "fewer");
  return absl::OkStatus();
}

absl::Status CheckCommand(absl::string_view field, const google::protobuf::RepeatedPtrField<std::string>& command) {
  if (command.size() > kMaxEntries) return Bad(field, absl::StrCat(command.size()), absl::StrCat("at most ", kMaxEntries));
  size_t total = 0;
  for (const std::string& argument : command) {
    if (absl::Status status = CheckText(field, argument, total); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckEnv(const pb::MachineConfig& config) {
  if (config.env_size() > kMaxEntries) {
    return Bad("config.env", absl::StrCat(config.env_size()), absl::StrCat("at most ", kMaxEntries));
  }
  size_t total = 0;
  for (const auto& [name, value] : config.env()) {
    if (!IsVariableName(name)) return Bad("config.env", absl::StrCat(name.size(), " bytes"), "names [A-Za-z_][A-Za-z0-9_]*");
    if (absl::Status status = CheckText("config.env", value, total); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckConfig(const pb::MachineConfig& config) {
  if (config.command().empty()) return Bad("config.command", "empty", "a program: host images have none of their own");
  if (absl::Status status = CheckCommand("config.command", config.command()); !status.ok()) return status;
  if (absl::Status status = CheckEnv(config); !status.ok()) return status;
  size_t total = 0;
  for (const std::string* text : {&config.user(), &config.working_dir()}) {
    if (absl::Status status = CheckText("config.user or working_dir", *text, total); !status.ok()) return status;
  }
  if (absl::Status status = CheckIdentityConfig(config.identity()); !status.ok()) return status;
  const std::string& signal = config.stop().signal();
  if (!signal.empty() && SignalByName(signal) == 0) return Bad("config.stop.signal", signal, "a name such as SIGTERM");
  if (config.stop().timeout_seconds() > kMaxStopSeconds) {
    return Bad("config.stop.timeout_seconds", absl::StrCat(config.stop().timeout_seconds()), "at most 300");
  }
  if (config.metadata_size() > 64) return Bad("config.metadata", absl::StrCat(config.metadata_size()), "at most 64");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RequestKey> ParseRequestKey(const std::string& request_id, const google::protobuf::Message& request) {
  if (request_id.size() > 64) return Bad("request_id", absl::StrCat(request_id.size(), " bytes"), "at most 64");
  if (request_id.empty()) return RequestKey{};
  return RequestKey{request_id,
                    tokensvc::Sha256(absl::StrCat(request.GetTypeName(), ":", request.SerializeAsString()))};
}

absl::StatusOr<size_t> ParsePageSize(int32_t page_size) {
  if (page_size < 0 || page_size > 1000) return Bad("page_size", absl::StrCat(page_size), "0..1000");
  return page_size == 0 ? size_t{100} : static_cast<size_t>(page_size);
}

absl::StatusOr<CreateMachine> ParseCreate(const pb::CreateMachineRequest& request) {
  if (absl::Status status = CheckConfig(request.config()); !status.ok()) return status;
  absl::StatusOr<RequestKey> key = ParseRequestKey(request.request_id(), request);
  if (!key.ok()) return key.status();
  return CreateMachine{.request = *std::move(key),
                       .placement = request.placement(),
                       .config = request.config().SerializeAsString(),
                       .start = !request.skip_launch()};
}

absl::StatusOr<StopMachine> ParseStop(const pb::StopMachineRequest& request) {
  absl::StatusOr<RequestKey> key = ParseRequestKey(request.request_id(), request);
  if (!key.ok()) return key.status();
  StopMachine stop{.id = request.id(), .request = *std::move(key), .expected_revision = request.expected_revision()};
  if (!request.signal().empty()) {
    stop.signal = SignalByName(request.signal());
    if (stop.signal == 0) return Bad("signal", request.signal(), "a name such as SIGTERM");
  }
  if (request.timeout_seconds() > kMaxStopSeconds) {
    return Bad("timeout_seconds", absl::StrCat(request.timeout_seconds()), "at most 300");
  }
  if (request.timeout_seconds() != 0) stop.timeout = absl::Seconds(request.timeout_seconds());
  return stop;
}

absl::StatusOr<UpdateMachine> ParseUpdate(const pb::UpdateMachineRequest& request) {
  if (absl::Status status = CheckConfig(request.config()); !status.ok()) return status;
  absl::StatusOr<RequestKey> key = ParseRequestKey(request.request_id(), request);
  if (!key.ok()) return key.status();
  return UpdateMachine{.id = request.id(),
                       .request = *std::move(key),
                       .placement = request.placement(),
                       .config = request.config().SerializeAsString(),
                       .expected_revision = request.expected_revision(),
                       .current_version = request.current_version()};
}

absl::StatusOr<WaitParams> ParseWait(const pb::WaitMachineRequest& request) {
  if (!pb::MachineState_IsValid(request.state()) || request.state() == pb::MACHINE_STATE_UNSPECIFIED) {
    return Bad("state", absl::StrCat(static_cast<int>(request.state())), "one of MachineState");
  }
  const uint32_t seconds = request.timeout_seconds() == 0 ? kMaxWaitSeconds : request.timeout_seconds();
  if (seconds > kMaxWaitSeconds) return Bad("timeout_seconds", absl::StrCat(seconds), absl::StrCat("at most ", kMaxWaitSeconds));
  return WaitParams{.id = request.id(),
                    .wish = {.state = static_cast<MachineState>(request.state()), .version = request.version()},
                    .timeout = absl::Seconds(seconds)};
}

absl::StatusOr<ExecRequest> ParseExec(const pb::ExecMachineRequest& request) {
  if (request.command().empty()) return Bad("command", "empty", "a program");
  if (absl::Status status = CheckCommand("command", request.command()); !status.ok()) return status;
  if (request.stdin().size() > (1 << 20)) return Bad("stdin", absl::StrCat(request.stdin().size(), " bytes"), "at most 1 MiB");
  if (request.timeout_seconds() > kMaxExecSeconds) {
    return Bad("timeout_seconds", absl::StrCat(request.timeout_seconds()), "at most 600");
  }
  return ExecRequest{.command = {request.command().begin(), request.command().end()},
                     .stdin_bytes = request.stdin(),
                     .timeout = absl::Seconds(request.timeout_seconds() == 0 ? 60 : request.timeout_seconds())};
}

}  // namespace flyd
