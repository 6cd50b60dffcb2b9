#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tokensvc/clock.h"
#include "tokensvc/private_memory.h"
#include "tokensvc/signer/signerd.h"
#include "tokensvc/signer/signerd_config.h"

namespace {

int Fail(const absl::Status& status) {
  std::cerr << "signerd: " << status.message() << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  tokensvc::KeepMemoryPrivate();
  CLI::App app("signs tokens with keys that stay inside an HSM", "signerd");
  std::string path;
  bool check = false;
  app.add_option("--config", path, "configuration file")->required();
  app.add_flag("--check-config", check, "check the file and end");
  CLI11_PARSE(app, argc, argv);
  const absl::StatusOr<tokensvc::SignerdConfig> config = tokensvc::ReadSignerdConfig(path);
  if (!config.ok()) return Fail(config.status());
  if (check) return 0;
  absl::StatusOr<std::unique_ptr<tokensvc::Signerd>> signerd =
      tokensvc::Signerd::Create(*config, tokensvc::RealClock());
  if (!signerd.ok()) return Fail(signerd.status());
  const absl::Status ended = (*signerd)->RunUntilSignalled();
  return ended.ok() ? 0 : Fail(ended);
}
