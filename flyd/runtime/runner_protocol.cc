#include "flyd/runtime/runner_protocol.h"

#include <signal.h>

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

using Json = nlohmann::json;

std::string Line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string Bytes(const Json& json, const char* name) {
  const auto found = json.find(name);
  std::string bytes;
  if (found != json.end() && found->is_string()) absl::Base64Unescape(found->get<std::string>(), &bytes);
  return bytes;
}

int64_t Number(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

absl::StatusOr<ControlRequest> DecodeExec(const Json& json) {
  ControlRequest request = {.op = ControlRequest::Op::kExec};
  const auto command = json.find("command");
  if (command == json.end() || !command->is_array() || command->empty()) {
    return absl::InvalidArgumentError("command: absent or empty, want a list of strings");
  }
  for (const Json& word : *command) {
    if (!word.is_string()) return absl::InvalidArgumentError("command: not a string, want strings");
    request.exec.command.push_back(word.get<std::string>());
  }
  request.exec.stdin_bytes = Bytes(json, "stdin");
  if (request.exec.stdin_bytes.size() > kMaxExecInput) {
    return absl::InvalidArgumentError(
        absl::StrCat("stdin: ", request.exec.stdin_bytes.size(), " bytes, want at most ", kMaxExecInput));
  }
  request.exec.timeout = absl::Milliseconds(Number(json, "timeout_ms"));
  if (request.exec.timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("timeout_ms: absent or not positive, want a number");
  }
  return request;
}

}  // namespace

std::string EncodeControlRequest(const ControlRequest& request) {
  if (request.op == ControlRequest::Op::kSignal) return Line({{"op", "signal"}, {"signal", request.signal}});
  if (request.op == ControlRequest::Op::kSuspend) return Line({{"op", "suspend"}});
  if (request.op == ControlRequest::Op::kResume) return Line({{"op", "resume"}});
  return Line({{"op", "exec"},
               {"command", request.exec.command},
               {"stdin", absl::Base64Escape(request.exec.stdin_bytes)},
               {"timeout_ms", absl::ToInt64Milliseconds(request.exec.timeout)}});
}

absl::StatusOr<ControlRequest> DecodeControlRequest(absl::string_view line) {
  const Json json = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("request: not JSON, want an object");
  const auto op = json.find("op");
  const std::string name = op != json.end() && op->is_string() ? op->get<std::string>() : "";
  if (name == "exec") return DecodeExec(json);
  if (name == "suspend") return ControlRequest{.op = ControlRequest::Op::kSuspend};
  if (name == "resume") return ControlRequest{.op = ControlRequest::Op::kResume};
  if (name != "signal") return absl::InvalidArgumentError("op: unknown, want signal, exec, suspend or resume");
  const int64_t number = Number(json, "signal");
  if (number < 1 || number >= NSIG) return absl::InvalidArgumentError(absl::StrCat("signal: ", number, ", want a signal"));
  return ControlRequest{.op = ControlRequest::Op::kSignal, .signal = static_cast<int>(number)};
}

std::string EncodeControlReply(const absl::StatusOr<ExecResult>& result) {
  if (!result.ok()) {
    return Line({{"code", static_cast<int>(result.status().code())}, {"error", std::string(result.status().message())}});
  }
  return Line({{"code", 0},
               {"exit_code", result->exit_code},
               {"signal", result->signal},
               {"stdout", absl::Base64Escape(result->stdout_bytes)},
               {"stderr", absl::Base64Escape(result->stderr_bytes)},
               {"truncated", result->truncated}});
}

absl::StatusOr<ExecResult> DecodeControlReply(absl::string_view line) {
  const Json json = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("code")) return absl::InternalError("runner: not a reply, want one");
  const int64_t code = Number(json, "code");
  if (code != 0) {
    const auto error = json.find("error");
    return absl::Status(static_cast<absl::StatusCode>(code),
                        error != json.end() && error->is_string() ? error->get<std::string>() : "runner: refused");
  }
  const auto truncated = json.find("truncated");
  return ExecResult{.exit_code = static_cast<int>(Number(json, "exit_code")),
                    .signal = static_cast<int>(Number(json, "signal")),
                    .stdout_bytes = Bytes(json, "stdout"),
                    .stderr_bytes = Bytes(json, "stderr"),
                    .truncated = truncated != json.end() && truncated->is_boolean() && truncated->get<bool>()};
}

}  // namespace flyd
