#include "flyd/daemon/flyd_config.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/machines/v1/config.pb.h"
#include "tokensvc/limits.h"
#include "tokensvc/names.h"
#include "tokensvc/rpc/config_file.h"

namespace flyd {
namespace {

// A machine's socket is RUN_DIR/m/ID/guest/api.sock, in the 108 bytes of a socket's path.
constexpr size_t kMaxRunDirBytes = 40;

absl::Status CheckRequired(const tokensvc::ConfigFile& file, const FlydConfig& config) {
  const std::pair<const char*, const std::string&> required[] = {{"fleet", config.fleet},
                                                                 {"listen", config.listen},
                                                                 {"fleetd", config.fleetd},
                                                                 {"data_dir", config.data_dir},
                                                                 {"run_dir", config.run_dir}};
  for (const auto& [field, value] : required) {
    if (value.empty()) return file.Bad(field, "missing, want a value");
  }
  if (config.signers.empty()) return file.Bad("signers", "none, want at least one");
  return absl::OkStatus();
}

absl::Status CheckPaths(const tokensvc::ConfigFile& file, const FlydConfig& config) {
  const std::pair<const char*, const std::string&> paths[] = {{"data_dir", config.data_dir}, {"run_dir", config.run_dir}};
  for (const auto& [field, path] : paths) {
    if (path[0] != '/') return file.Bad(field, absl::StrCat(path, ", want an absolute path"));
  }
  if (config.run_dir.size() > kMaxRunDirBytes) {
    return file.Bad("run_dir", absl::StrCat(config.run_dir.size(), " bytes, want at most ", kMaxRunDirBytes));
  }
  if (config.runtime == FlydConfig::Runtime::kProcess && (config.init_path.empty() || config.init_path[0] != '/')) {
    return file.Bad("process.init_path", absl::StrCat("\"", config.init_path, "\", want an absolute path"));
  }
  const std::string& group = config.control_group;
  if (!group.empty() && (group[0] != '/' || group.back() == '/')) {
    return file.Bad("process.control_group", absl::StrCat(group, ", want an absolute path without / at its end"));
  }
  return absl::OkStatus();
}

FlydConfig::Runtime RuntimeOf(fly::machines::v1::FlydConfig::RuntimeKind kind) {
  if (kind == fly::machines::v1::FlydConfig::SIMULATED) return FlydConfig::Runtime::kSimulated;
  if (kind == fly::machines::v1::FlydConfig::EXTERNAL) return FlydConfig::Runtime::kExternal;
  return FlydConfig::Runtime::kProcess;
}

}  // namespace

absl::StatusOr<FlydConfig> ReadFlydConfig(const std::string& path) {
  fly::machines::v1::FlydConfig proto;
  absl::StatusOr<tokensvc::ConfigFile> file = tokensvc::ConfigFile::Read(path, proto);
  if (!file.ok()) return file.status();
  FlydConfig config{
      .fleet = proto.fleet(),
      .worker = proto.worker(),
      .listen = proto.listen(),
      .tls = {proto.tls().certificate_file(), proto.tls().private_key_file(), proto.tls().ca_file()},
      .signers = {proto.signers().begin(), proto.signers().end()},
      .fleetd = proto.fleetd(),
      .data_dir = proto.data_dir(),
      .run_dir = proto.run_dir(),
      .runtime = RuntimeOf(proto.runtime()),
      .init_path = proto.process().init_path(),
      .hidden_paths = {proto.process().hidden_paths().begin(), proto.process().hidden_paths().end()},
      .private_network = proto.process().private_network(),
      .control_group = proto.process().control_group(),
      .ready_file = proto.ready_file()};
  if (proto.process().first_host_id() != 0) config.first_host_id = proto.process().first_host_id();
  if (proto.process().max_machines() != 0) config.max_machines = proto.process().max_machines();
  if (proto.runtime() == fly::machines::v1::FlydConfig::RUNTIME_UNSPECIFIED) {
    return file->Bad("runtime", "missing, want PROCESS, EXTERNAL or SIMULATED");
  }
  if (absl::Status status = CheckRequired(*file, config); !status.ok()) return status;
  if (absl::Status status = CheckPaths(*file, config); !status.ok()) return status;
  if (absl::Status name = tokensvc::CheckName(config.worker, tokensvc::kMaxWorkerNameBytes); !name.ok()) {
    return file->Bad("worker", name.message());
  }
  if (absl::Status tls = tokensvc::CheckTlsFiles(config.tls); !tls.ok()) return file->Bad("tls", tls.message());
  return config;
}

}  // namespace flyd
