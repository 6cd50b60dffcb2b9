#include "flyd/runtime/boot_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxFileBytes = 1 << 20;

absl::Status Errno(absl::string_view subject, int error) {
  return absl::UnavailableError(absl::StrCat(subject, ": ", strerror(error)));
}

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

absl::Status WriteAll(int fd, absl::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Errno(path, errno);
    content.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(fd) != 0) return Errno(path, errno);
  return absl::OkStatus();
}

absl::Status SyncDirectory(const std::string& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Errno(directory, errno);
  const int result = fsync(fd);
  const int error = errno;
  close(fd);
  return result == 0 ? absl::OkStatus() : Errno(directory, error);
}

}  // namespace

std::string EncodeOrder(const RunnerOrder& order) {
  return Dump({{"machine_id", order.machine_id},
               {"boot_id", order.boot_id},
               {"hostname", order.hostname},
               {"image", order.image},
               {"guest_directory", order.guest_directory},
               {"first_host_id", order.first_host_id},
               {"private_network", order.private_network},
               {"hidden_paths", order.hidden_paths}});
}

absl::StatusOr<RunnerOrder> DecodeOrder(absl::string_view text) {
  absl::StatusOr<Json> json = ParseObject(text, kOrderFile);
  if (!json.ok()) return json.status();
  RunnerOrder order = {.machine_id = TextOr(*json, "machine_id"),
                       .boot_id = TextOr(*json, "boot_id"),
                       .hostname = TextOr(*json, "hostname"),
                       .image = TextOr(*json, "image"),
                       .guest_directory = TextOr(*json, "guest_directory"),
                       .first_host_id = NumberOr<uint32_t>(*json, "first_host_id"),
                       .private_network = FlagOr(*json, "private_network")};
  if (order.machine_id.empty() || order.guest_directory.empty()) {
    return absl::InvalidArgumentError("order.json: without machine_id or guest_directory, want both");
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

absl::Status WriteFileDurably(const std::string& directory, const std::string& name, absl::string_view content) {
  const std::string path = absl::StrCat(directory, "/", name);
  const std::string temporary = absl::StrCat(path, ".new");
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return Errno(temporary, errno);
  absl::Status written = WriteAll(fd, content, temporary);
  close(fd);
  if (!written.ok()) return written;
  if (rename(temporary.c_str(), path.c_str()) != 0) return Errno(path, errno);
  return SyncDirectory(directory);
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return absl::NotFoundError(absl::StrCat(path, ": absent"));
  if (fd < 0) return Errno(path, errno);
  absl::Cleanup closer = [fd] { close(fd); };
  std::string content;
  char chunk[4096];
  for (;;) {
    const ssize_t got = read(fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Errno(path, errno);
    if (got == 0) return content;
    content.append(chunk, static_cast<size_t>(got));
    if (content.size() > kMaxFileBytes) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": over ", kMaxFileBytes, " bytes, want a small file"));
    }
  }
}

}  // namespace flyd
