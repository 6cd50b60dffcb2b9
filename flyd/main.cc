#include <stdlib.h>

#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flyd/daemon/daemon.h"
#include "flyd/daemon/flyd_config.h"
#include "flyd/service_manager/service_manager.h"
#include "tokensvc/clock.h"
#include "tokensvc/private_memory.h"

namespace {

int Fail(const absl::Status& status) {
  std::cerr << "flyd: " << status.message() << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  tokensvc::KeepMemoryPrivate();
  flyd::ServiceManager manager = flyd::ServiceManager::FromEnvironment();
  // Host names are not what this fleet verifies; gRPC would complain of each. Faults reach us as statuses.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  CLI::App app("supervises the machines of this host and gives them identity tokens", "flyd");
  std::string path;
  bool check = false;
  app.add_option("--config", path, "configuration file")->required();
  app.add_flag("--check-config", check, "check the file and end");
  CLI11_PARSE(app, argc, argv);
  const absl::StatusOr<flyd::FlydConfig> config = flyd::ReadFlydConfig(path);
  if (!config.ok()) return Fail(config.status());
  if (check) return 0;
  absl::StatusOr<std::unique_ptr<flyd::Daemon>> daemon = flyd::Daemon::Create(*config, tokensvc::RealClock(), manager);
  if (!daemon.ok()) return Fail(daemon.status());
  const absl::Status ended = (*daemon)->RunUntilSignalled();
  return ended.ok() ? 0 : Fail(ended);
}
