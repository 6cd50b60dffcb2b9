// Lives a simulated fleet (tools/fleet_sim). Ends with 1 where something did not hold.
#include <cstdio>
#include <random>

#include "CLI/CLI.hpp"
#include "tests/sim/fleet_world.h"
#include "tokensvc/clock.h"

int main(int argc, char** argv) {
  CLI::App app("drives a simulated fleet of flyds by a seeded control plane, with faults, in virtual time", "fleet_sim");
  tests::FleetWorldOptions options{.seed = std::random_device()()};
  app.add_option("--seed", options.seed, "The same seed is the same life (default: random)");
  app.add_option("--workers", options.workers, "flyds")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--machines", options.machines, "Machines that stand at one time")->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_option("--steps", options.steps, "Orders, faults and waits")->check(CLI::Range(1, 100'000'000))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::printf("seed %u: %d workers, %d machines, %d steps\n", options.seed, options.workers, options.machines, options.steps);
  const absl::Duration began = tokensvc::RealClock().Monotonic();
  tests::FleetWorld world(options);
  world.Run();
  for (const auto& [what, count] : world.counts()) std::printf("  %-28s %lld\n", what.c_str(), static_cast<long long>(count));
  for (const std::string& broken : world.broken()) std::printf("BROKEN %s\n", broken.c_str());
  std::printf("%s in %.1f s\n", world.broken().empty() ? "everything held" : "NOT everything held",
              absl::ToDoubleSeconds(tokensvc::RealClock().Monotonic() - began));
  return world.broken().empty() ? 0 : 1;
}
