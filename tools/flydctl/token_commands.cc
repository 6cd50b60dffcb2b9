#include "tools/flydctl/token_commands.h"

#include <cstdio>
#include <iostream>
#include <memory>

#include "CLI/CLI.hpp"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tokensvc/clock.h"
#include "tools/flydctl/verifier/http_get.h"
#include "tools/flydctl/verifier/token_verifier.h"

namespace tools {
namespace {

struct TokenArguments {
  std::string token;
  std::string audience;
  std::string ca_file;
};

absl::StatusOr<TokenParts> ReadToken(const TokenArguments& arguments) {
  std::string text = arguments.token;
  if (text.empty()) std::getline(std::cin, text);
  return SplitToken(std::string(absl::StripAsciiWhitespace(text)));
}

std::string Pretty(const std::string& json) { return nlohmann::ordered_json::parse(json).dump(2); }

int Inspect(const TokenArguments& arguments) {
  absl::StatusOr<TokenParts> token = ReadToken(arguments);
  if (!token.ok()) return Fail(token.status());
  std::printf("%s\n%s\n", Pretty(token->header).c_str(), Pretty(token->payload).c_str());
  return kExitOk;
}

// A private CA is the configuration's where there is one; a token can be verified without any configuration.
std::string CaFile(Session& session, const TokenArguments& arguments) {
  if (!arguments.ca_file.empty()) return arguments.ca_file;
  absl::StatusOr<const FlydctlConfig*> config = session.connections.config();
  return config.ok() ? (*config)->issuer_ca_file : "";
}

int Verify(Session& session, const TokenArguments& arguments) {
  absl::StatusOr<TokenParts> token = ReadToken(arguments);
  if (!token.ok()) return Fail(token.status());
  const std::string ca_file = CaFile(session, arguments);
  const absl::Status verified =
      VerifyToken(*token, arguments.audience, tokensvc::RealClock().Now(),
                  [&ca_file](const std::string& url) { return HttpGet(url, ca_file); });
  if (!verified.ok()) return Fail(verified);
  const auto claims = nlohmann::json::parse(token->payload);
  std::printf("valid: sub %s, aud %s, iss %s\n", claims.value("sub", "").c_str(), claims.value("aud", "").c_str(),
              claims.value("iss", "").c_str());
  return kExitOk;
}

}  // namespace

void AddTokenCommands(CLI::App& root, Session& session) {
  CLI::App* token = root.add_subcommand("token", "Look at identity tokens");
  token->require_subcommand(1);
  auto arguments = std::make_shared<TokenArguments>();

  CLI::App* inspect = token->add_subcommand("inspect", "Print header and claims; nothing is verified");
  inspect->add_option("token", arguments->token, "The JWT (default: standard input)");
  inspect->callback([&session, arguments] { session.command = [arguments] { return Inspect(*arguments); }; });

  CLI::App* verify = token->add_subcommand("verify", "Verify it as a relying party does: discovery, JWKS, signature, times");
  verify->add_option("token", arguments->token, "The JWT (default: standard input)");
  verify->add_option("--aud", arguments->audience, "Audience that it must have");
  verify->add_option("--ca", arguments->ca_file, "Roots of an https issuer with a private CA");
  verify->callback([&session, arguments] {
    session.command = [&session, arguments] { return Verify(session, *arguments); };
  });
}

}  // namespace tools
