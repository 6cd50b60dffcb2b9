#include <stdlib.h>

#include <map>
#include <string>

#include "CLI/CLI.hpp"
#include "tools/flydctl/completion/completion_command.h"
#include "tools/flydctl/fleet_commands.h"
#include "tools/flydctl/machine_commands.h"
#include "tools/flydctl/org_app_commands.h"
#include "tools/flydctl/pki_commands.h"
#include "tools/flydctl/store_commands.h"
#include "tools/flydctl/token_commands.h"
#include "tools/flydctl/trust_commands.h"
#include "tools/flydctl/worker_commands.h"

int main(int argc, char** argv) {
  // Host names are not what this fleet verifies; gRPC would complain of each. Faults reach us as statuses.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  CLI::App app("flydctl: drives a fleet of flyd workers. FLYDCTL_CONFIG names the fleet (tools/dev up makes one).\n"
               "Exit codes: 0 ok, 2 usage, 3 not found, 4 refused, 5 unavailable, 1 other; `machine run` and `exec` end\n"
               "with the program's own code.");
  app.require_subcommand(1);
  app.fallthrough();
  tools::Session session;
  const std::map<std::string, tools::Format> formats = {
      {"table", tools::Format::kTable}, {"wide", tools::Format::kWide}, {"json", tools::Format::kJson}};
  app.add_option("-o,--output", session.format, "How answers are printed")
      ->transform(CLI::CheckedTransformer(formats).description(CLI::IsMember(formats).get_description()));
  tools::AddOrgCommands(app, session);
  tools::AddAppCommands(app, session);
  tools::AddMachineCommands(app, session);
  tools::AddFleetCommands(app, session);
  tools::AddWorkerCommands(app, session);
  tools::AddStoreCommands(app, session);
  tools::AddTokenCommands(app, session);
  tools::AddTrustCommands(app, session);
  tools::AddPkiCommands(app, session);
  tools::AddCompletionCommand(app, session.command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? tools::kExitOk : tools::kExitUsage;
  }
  return session.command();
}
