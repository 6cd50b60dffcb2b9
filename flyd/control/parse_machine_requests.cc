#include "flyd/control/parse_machine_requests.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "flyd/control/check_identity_config.h"
#include "flyd/supervisor/boot_answer_codec.h"
#include "tokensvc/es256/es256_verify.h"
#include "tokensvc/placement/placement.h"
#include "tokensvc/proto_canonical.h"
#include "tokensvc/rpc/error_details.h"

namespace flyd {
namespace {

namespace pb = fly::machines::v1;

constexpr int kMaxEntries = 256;
constexpr size_t kMaxTextBytes = 64 * 1024;
constexpr uint32_t kMaxStopSeconds = 300;
constexpr uint32_t kMaxExecSeconds = 600;
constexpr uint32_t kMaxWaitSeconds = 60;
constexpr uint32_t kMaxLeaseSeconds = 3600;
constexpr uint32_t kMaxRestarts = 1000;
constexpr size_t kMaxNoteBytes = 256;

struct Range {
  uint32_t least;
  uint32_t most;
};
constexpr Range kCpus = {1, 1024};
constexpr Range kMemoryMb = {32, 1 << 24};
constexpr Range kPids = {16, 1 << 22};

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

// An image may have a program of its own; the host's files have none. A placement that does not decode is refused later.
absl::Status CheckProgram(const pb::MachineConfig& config, const std::string& placement) {
  if (!config.command().empty()) return absl::OkStatus();
  const absl::StatusOr<tokensvc::UnverifiedPlacement> decoded = tokensvc::DecodePlacement(placement);
  if (decoded.ok() && decoded->placement.identity.image != "host") return absl::OkStatus();
  return Bad("config.command", "empty", "a program: the image host has none of its own");
}

absl::Status CheckLimit(absl::string_view field, uint32_t value, const Range& range) {
  if (value == 0 || (value >= range.least && value <= range.most)) return absl::OkStatus();
  return Bad(field, absl::StrCat(value), absl::StrCat("0 or ", range.least, "..", range.most));
}

absl::Status CheckGuest(const pb::GuestConfig& guest) {
  if (absl::Status cpus = CheckLimit("config.guest.cpus", guest.cpus(), kCpus); !cpus.ok()) return cpus;
  if (absl::Status memory = CheckLimit("config.guest.memory_mb", guest.memory_mb(), kMemoryMb); !memory.ok()) return memory;
  return CheckLimit("config.guest.pids", guest.pids(), kPids);
}

absl::Status CheckConfig(const pb::MachineConfig& config, const std::string& placement) {
  if (absl::Status program = CheckProgram(config, placement); !program.ok()) return program;
  if (absl::Status status = CheckCommand("config.command", config.command()); !status.ok()) return status;
  if (absl::Status status = CheckEnv(config); !status.ok()) return status;
  size_t total = 0;
  for (const std::string* text : {&config.user(), &config.working_dir()}) {
    if (absl::Status status = CheckText("config.user or working_dir", *text, total); !status.ok()) return status;
  }
  if (absl::Status status = CheckIdentityConfig(config.identity()); !status.ok()) return status;
  if (absl::Status guest = CheckGuest(config.guest()); !guest.ok()) return guest;
  const std::string& signal = config.stop().signal();
  if (!signal.empty() && SignalByName(signal) == 0) return Bad("config.stop.signal", signal, "a name such as SIGTERM");
  if (config.stop().timeout_seconds() > kMaxStopSeconds) {
    return Bad("config.stop.timeout_seconds", absl::StrCat(config.stop().timeout_seconds()), "at most 300");
  }
  if (config.restart().max_retries() > kMaxRestarts) {
    return Bad("config.restart.max_retries", absl::StrCat(config.restart().max_retries()), "at most 1000");
  }
  if (static_cast<size_t>(config.metadata_size()) > kMaxMetadata) {
    return Bad("config.metadata", absl::StrCat(config.metadata_size()), absl::StrCat("at most ", kMaxMetadata));
  }
  size_t metadata = 0;
  for (const auto& [key, value] : config.metadata()) metadata += key.size() + value.size();
  if (metadata > kMaxMetadataBytes) return Bad("config.metadata", absl::StrCat(metadata, " bytes"), "at most 64 KiB");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RequestKey> ParseRequestKey(const std::string& request_id, const google::protobuf::Message& request) {
  if (request_id.size() > 64) return Bad("request_id", absl::StrCat(request_id.size(), " bytes"), "at most 64");
  if (request_id.empty()) return RequestKey{};
  return RequestKey{request_id,
                    tokensvc::Sha256(absl::StrCat(request.GetTypeName(), ":", tokensvc::SerializeCanonical(request)))};
}

absl::StatusOr<size_t> ParsePageSize(int32_t page_size) {
  if (page_size < 0 || page_size > 1000) return Bad("page_size", absl::StrCat(page_size), "0..1000");
  return page_size == 0 ? size_t{100} : static_cast<size_t>(page_size);
}

absl::StatusOr<CreateMachine> ParseCreate(const pb::CreateMachineRequest& request) {
  if (absl::Status status = CheckConfig(request.config(), request.placement()); !status.ok()) return status;
  absl::StatusOr<RequestKey> key = ParseRequestKey(request.request_id(), request);
  if (!key.ok()) return key.status();
  return CreateMachine{.request = *std::move(key),
                       .placement = request.placement(),
                       .config = request.config().SerializeAsString(),
                       .start = !request.skip_launch()};
}

absl::Status CheckLimits(const pb::MachineConfig& config, const HostBounds& host) {
  const char* unbounded = FirstUnbounded(LimitsOf(config.SerializeAsString()), host);
  if (unbounded == nullptr) return absl::OkStatus();
  return tokensvc::WithReason(absl::FailedPreconditionError(absl::StrCat("config.guest: a limit of ", unbounded,
                                                                         ", want none, or a worker that has it")),
                              "LIMIT_UNSUPPORTED");
}

absl::StatusOr<int> ParseSignal(const std::string& name) {
  const int signal = SignalByName(name);
  if (signal == 0) return Bad("signal", name.substr(0, 32), "a name such as SIGTERM");
  return signal;
}

absl::StatusOr<EndSettings> ParseEnd(const std::string& signal, uint32_t timeout_seconds) {
  EndSettings end;
  if (!signal.empty()) {
    const absl::StatusOr<int> number = ParseSignal(signal);
    if (!number.ok()) return number.status();
    end.signal = *number;
  }
  if (timeout_seconds > kMaxStopSeconds) return Bad("timeout_seconds", absl::StrCat(timeout_seconds), "at most 300");
  if (timeout_seconds != 0) end.timeout = absl::Seconds(timeout_seconds);
  return end;
}

absl::Status CheckNote(absl::string_view field, absl::string_view text) {
  if (text.size() <= kMaxNoteBytes) return absl::OkStatus();
  return Bad(field, absl::StrCat(text.size(), " bytes"), absl::StrCat("at most ", kMaxNoteBytes));
}

absl::StatusOr<LeaseRequest> ParseLease(const pb::AcquireLeaseRequest& request) {
  if (absl::Status owner = CheckNote("owner", request.owner()); !owner.ok()) return owner;
  if (absl::Status text = CheckNote("description", request.description()); !text.ok()) return text;
  if (request.ttl_seconds() > kMaxLeaseSeconds) return Bad("ttl_seconds", absl::StrCat(request.ttl_seconds()), "at most 3600");
  return LeaseRequest{.machine_id = request.id(),
                      .owner = request.owner(),
                      .description = request.description(),
                      .ttl = absl::Seconds(request.ttl_seconds() == 0 ? 60 : request.ttl_seconds()),
                      .nonce = request.nonce()};
}

absl::StatusOr<MetadataChange> ParseMetadata(const pb::UpdateMetadataRequest& request) {
  for (const auto& [key, value] : request.put()) {
    if (key.empty()) return Bad("put", "an empty key", "a name");
  }
  return MetadataChange{.machine_id = request.id(),
                        .put = {request.put().begin(), request.put().end()},
                        .remove = {request.remove().begin(), request.remove().end()},
                        .expected_revision = request.expected_metadata_revision(),
                        .lease_nonce = request.lease_nonce()};
}

absl::StatusOr<UpdateMachine> ParseUpdate(const pb::UpdateMachineRequest& request) {
  if (absl::Status status = CheckConfig(request.config(), request.placement()); !status.ok()) return status;
  return UpdateMachine{.placement = request.placement(),
                       .config = request.config().SerializeAsString(),
                       .current_version = request.current_version()};
}

absl::StatusOr<WaitParams> ParseWait(const pb::WaitMachineRequest& request) {
  if (!pb::MachineState_IsValid(request.state()) || request.state() == pb::MACHINE_STATE_UNSPECIFIED) {
    return Bad("state", absl::StrCat(static_cast<int>(request.state())), "one of MachineState");
  }
  const uint32_t seconds = request.timeout_seconds() == 0 ? kMaxWaitSeconds : request.timeout_seconds();
  if (seconds > kMaxWaitSeconds) return Bad("timeout_seconds", absl::StrCat(seconds), absl::StrCat("at most ", kMaxWaitSeconds));
  return WaitParams{.id = request.id(),
                    .wish = {.state = static_cast<storage::MachineState>(request.state()), .version = request.version()},
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
