#ifndef FLYD_DAEMON_FLYD_CONFIG_H_
#define FLYD_DAEMON_FLYD_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tokensvc/rpc/tls_credentials.h"

namespace flyd {

// flyd's configuration, whole and within bounds; proto/machines/v1/config.proto describes the file.
struct FlydConfig {
  std::string fleet;
  std::string worker;
  std::string listen;
  tokensvc::TlsFiles tls;
  std::vector<std::string> signers;
  std::string fleetd;
  std::string data_dir;
  std::string run_dir;
  enum class Runtime { kProcess, kSimulated, kExternal };
  Runtime runtime = Runtime::kProcess;
  std::string init_path;
  uint32_t first_host_id = 0x40000000;
  uint32_t max_machines = 4096;
  std::vector<std::string> hidden_paths;
  bool private_network = false;
  std::string control_group;
  std::string ready_file;
};

// InvalidArgument or NotFound, naming file, line, found and wanted.
absl::StatusOr<FlydConfig> ReadFlydConfig(const std::string& path);

}  // namespace flyd

#endif  // FLYD_DAEMON_FLYD_CONFIG_H_
