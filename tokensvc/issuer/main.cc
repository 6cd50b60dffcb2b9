#include <stdlib.h>

#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tokensvc/clock.h"
#include "tokensvc/issuer/issuerd.h"
#include "tokensvc/issuer/issuerd_config.h"

namespace {

int Fail(const absl::Status& status) {
  std::cerr << "issuerd: " << status.message() << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  // gRPC would complain of each host name, which this fleet does not verify. Faults reach us as statuses.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  CLI::App app("the public documents of a fleet's issuers: discovery and keys", "issuerd");
  std::string path;
  bool check = false;
  app.add_option("--config", path, "configuration file")->required();
  app.add_flag("--check-config", check, "check the file and end");
  CLI11_PARSE(app, argc, argv);
  const absl::StatusOr<tokensvc::IssuerdConfig> config = tokensvc::ReadIssuerdConfig(path);
  if (!config.ok()) return Fail(config.status());
  if (check) return 0;
  absl::StatusOr<std::unique_ptr<tokensvc::Issuerd>> issuerd =
      tokensvc::Issuerd::Create(*config, tokensvc::RealClock());
  if (!issuerd.ok()) return Fail(issuerd.status());
  const absl::Status ended = (*issuerd)->RunUntilSignalled();
  return ended.ok() ? 0 : Fail(ended);
}
