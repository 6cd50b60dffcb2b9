#include "tools/flydctl/pki_commands.h"

#include <memory>

#include "CLI/CLI.hpp"
#include "tokensvc/clock.h"
#include "tools/pki/pki.h"

namespace tools {
namespace {

struct PkiArguments {
  std::string authority;
  std::string fleet;
  std::string out;
  double hours = 24;
  LeafRequest leaf;
};

int Issue(PkiArguments arguments) {
  arguments.leaf.lifetime = absl::Hours(1) * arguments.hours;
  return Fail(IssueLeaf(arguments.authority, arguments.leaf, arguments.out, tokensvc::RealClock().Now()));
}

}  // namespace

void AddPkiCommands(CLI::App& root, Session& session) {
  CLI::App* pki = root.add_subcommand("pki", "Certificates of a small or development fleet");
  pki->require_subcommand(1);
  auto arguments = std::make_shared<PkiArguments>();

  CLI::App* init = pki->add_subcommand("init", "Create the fleet's root: DIR/ca.pem and DIR/ca.key");
  init->add_option("dir", arguments->authority)->required();
  init->add_option("--fleet", arguments->fleet, "Trust domain of the fleet")->required();
  init->callback([&session, arguments] {
    session.command = [arguments] {
      return Fail(CreateAuthority(arguments->authority, arguments->fleet, tokensvc::RealClock().Now()));
    };
  });

  CLI::App* issue = pki->add_subcommand("issue", "Issue a leaf: OUT/cert.pem, OUT/key.pem, OUT/ca.pem");
  issue->add_option("dir", arguments->authority, "Where `pki init` put the root")->required();
  issue->add_option("role", arguments->leaf.role)
      ->required()
      ->check(CLI::IsMember({"worker", "control-plane", "fleet", "signer", "issuer"}));
  issue->add_option("name", arguments->leaf.name)->required();
  issue->add_option("out", arguments->out)->required();
  issue->add_option("--hours", arguments->hours, "Life in hours")->capture_default_str();
  issue->add_flag("--localhost", arguments->leaf.localhost, "Also for HTTPS on loopback");
  issue->callback([&session, arguments] { session.command = [arguments] { return Issue(*arguments); }; });
}

}  // namespace tools
