#include "tools/flydctl/store_commands.h"

#include <cstdio>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "storage/machine_store_care.h"

namespace tools {
namespace {

struct StoreArguments {
  std::string folder;
  std::string checkpoint;
};

int Print(const Session& session, const absl::StatusOr<storage::StoreSummary>& summary) {
  if (!summary.ok()) return Fail(summary.status());
  if (session.format == Format::kJson) {
    const nlohmann::json json = {{"incarnation", summary->incarnation},       {"machines", summary->machines},
                                 {"events", summary->events},                 {"operations", summary->operations},
                                 {"placements", summary->placements},         {"feed_compacted", summary->feed_compacted},
                                 {"feed_last", summary->feed_last}};
    std::printf("%s\n", json.dump().c_str());
    return kExitOk;
  }
  PrintTable({{"MACHINES", "EVENTS", "OPERATIONS", "PLACEMENTS", "FEED", "INCARNATION"},
              {absl::StrCat(summary->machines), absl::StrCat(summary->events), absl::StrCat(summary->operations),
               absl::StrCat(summary->placements), absl::StrCat(summary->feed_compacted, "..", summary->feed_last),
               summary->incarnation}});
  return kExitOk;
}

}  // namespace

void AddStoreCommands(CLI::App& root, Session& session) {
  CLI::App* store = root.add_subcommand("store", "A worker's machine store (DATA_DIR/machines), with its flyd stopped");
  store->require_subcommand(1);
  auto arguments = std::make_shared<StoreArguments>();

  CLI::App* verify = store->add_subcommand("verify", "Read every block and record; name what is damaged");
  verify->add_option("folder", arguments->folder, "The store")->required();
  verify->callback([&session, arguments] {
    session.command = [&session, arguments] { return Print(session, storage::VerifyMachineStore(arguments->folder)); };
  });

  CLI::App* checkpoint = store->add_subcommand("checkpoint", "Verify it and copy its present state to a new folder");
  checkpoint->add_option("folder", arguments->folder, "The store")->required();
  checkpoint->add_option("to", arguments->checkpoint, "The new folder")->required();
  checkpoint->callback([&session, arguments] {
    session.command = [&session, arguments] {
      return Print(session, storage::CheckpointMachineStore(arguments->folder, arguments->checkpoint));
    };
  });

  CLI::App* restore = store->add_subcommand("restore", "Put a copy of a checkpoint in its place, as another incarnation");
  restore->add_option("checkpoint", arguments->checkpoint, "The checkpoint")->required();
  restore->add_option("folder", arguments->folder, "The store; what is there is kept as FOLDER.replaced")->required();
  restore->callback([&session, arguments] {
    session.command = [&session, arguments] {
      return Print(session, storage::RestoreMachineStore(arguments->checkpoint, arguments->folder));
    };
  });
}

}  // namespace tools
