#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tokensvc/clock.h"
#include "tokensvc/fleet/fleetd.h"
#include "tokensvc/fleet/fleetd_config.h"
#include "tokensvc/private_memory.h"

namespace {

int Fail(const absl::Status& status) {
  std::cerr << "fleetd: " << status.message() << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  tokensvc::KeepMemoryPrivate();
  CLI::App app("the authority of a fleet: names, placements, fences, the fleet log", "fleetd");
  std::string path;
  bool check = false;
  app.add_option("--config", path, "configuration file")->required();
  app.add_flag("--check-config", check, "check the file and end");
  CLI11_PARSE(app, argc, argv);
  const absl::StatusOr<tokensvc::FleetdConfig> config = tokensvc::ReadFleetdConfig(path);
  if (!config.ok()) return Fail(config.status());
  if (check) return 0;
  absl::StatusOr<std::unique_ptr<tokensvc::Fleetd>> fleetd =
      tokensvc::Fleetd::Create(*config, tokensvc::RealClock());
  if (!fleetd.ok()) return Fail(fleetd.status());
  const absl::Status ended = (*fleetd)->RunUntilSignalled();
  return ended.ok() ? 0 : Fail(ended);
}
