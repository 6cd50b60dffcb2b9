#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "tokensvc/clock.h"
#include "tools/pki/pki.h"

// pki ca DIR --fleet F; pki leaf DIR --role R --name N --out OUT [--hours H] [--localhost].
int main(int argc, char** argv) {
  CLI::App app("certificates of a fleet", "pki");
  app.require_subcommand(1);
  std::string dir, fleet, out;
  tools::LeafRequest leaf;
  double hours = 24;
  CLI::App* ca = app.add_subcommand("ca", "make a root in DIR");
  ca->add_option("dir", dir)->required();
  ca->add_option("--fleet", fleet, "trust domain")->required();
  CLI::App* issue = app.add_subcommand("leaf", "issue a leaf of the root in DIR");
  issue->add_option("dir", dir)->required();
  issue->add_option("--role", leaf.role)->required();
  issue->add_option("--name", leaf.name)->required();
  issue->add_option("--out", out)->required();
  issue->add_option("--hours", hours);
  issue->add_flag("--localhost", leaf.localhost, "also for HTTPS on loopback");
  CLI11_PARSE(app, argc, argv);
  leaf.lifetime = absl::Hours(1) * hours;
  const absl::Time now = tokensvc::RealClock().Now();
  const absl::Status done =
      ca->parsed() ? tools::CreateAuthority(dir, fleet, now) : tools::IssueLeaf(dir, leaf, out, now);
  if (!done.ok()) std::cerr << "pki: " << done.message() << "\n";
  return done.ok() ? 0 : 1;
}
