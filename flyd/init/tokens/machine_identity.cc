#include "flyd/init/tokens/machine_identity.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "flyd/init/tokens/token_file.h"

namespace flyd {
namespace {

namespace asio = boost::asio;

// A socket's mode says who may connect by its write bits; a file has only what it says of reading.
constexpr mode_t kFileBits = 0644;

absl::StatusOr<FileAccess> AccessOf(const TokenFileSetting& file, const MachineIdentityOptions& options) {
  FileAccess access = {.uid = options.user.uid, .gid = options.user.gid, .mode = file.mode & kFileBits};
  if (access.mode == 0) access.mode = options.settings.socket_mode & kFileBits;
  if (file.owner.empty()) return access;
  absl::StatusOr<WorkloadUser> owner = ResolveUser(file.owner, options.passwd, options.group, options.one_id);
  if (!owner.ok()) {
    return absl::Status(owner.status().code(), absl::StrCat("/.fly/", file.name, ": ", owner.status().message()));
  }
  access.uid = owner->uid;
  access.gid = owner->gid;
  return access;
}

absl::StatusOr<KeptFile> ToKept(TokenFileSetting file, const MachineIdentityOptions& options) {
  absl::StatusOr<FileAccess> access = AccessOf(file, options);
  if (!access.ok()) return access.status();
  KeptFile kept = {.name = std::move(file.name), .audience = std::move(file.audience), .access = *access};
  if (kept.name != kAwsTokenName) return kept;
  kept.aws_principal_tags = options.settings.aws_principal_tags;
  const auto role = options.environment.find("AWS_ROLE_ARN");
  if (options.settings.aws_pin_role && role != options.environment.end()) kept.aws_role_arn = role->second;
  return kept;
}

}  // namespace

MachineIdentity::MachineIdentity(asio::any_io_executor executor, absl::Status flaw)
    : executor_(std::move(executor)), flaw_(std::move(flaw)) {}

absl::StatusOr<std::unique_ptr<MachineIdentity>> MachineIdentity::Create(asio::any_io_executor executor,
                                                                         const MachineIdentityOptions& options,
                                                                         const LockedSecret& macaroon) {
  CloudIdentity plan = PlanCloudIdentity(options.machine, options.environment, options.settings.files);
  std::unique_ptr<MachineIdentity> identity(new MachineIdentity(std::move(executor), plan.flaw));
  if (absl::Status kept = identity->KeepFiles(options, std::move(plan), macaroon); !kept.ok()) return kept;
  if (options.settings.google_metadata) {
    if (absl::Status served = identity->ServeMetadata(options, macaroon); !served.ok()) return served;
  }
  return identity;
}

absl::Status MachineIdentity::KeepFiles(const MachineIdentityOptions& options, CloudIdentity plan,
                                        const LockedSecret& macaroon) {
  variables_ = std::move(plan.variables);
  FileKeeperOptions keeping = {.machine_id = options.machine.id,
                               .fly_directory = options.fly_directory,
                               .guest = options.guest};
  for (TokenFileSetting& file : plan.tokens) {
    absl::StatusOr<KeptFile> kept = ToKept(std::move(file), options);
    if (!kept.ok()) return kept.status();
    if (kept->name == kGoogleTokenName && !plan.google_credentials.empty()) {
      absl::Status written =
          ReplaceFile(options.fly_directory, kGoogleCredentialsName, plan.google_credentials, kept->access);
      if (!written.ok()) return written;
    }
    keeping.files.push_back(*std::move(kept));
  }
  if (keeping.files.empty()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<FileKeeper>> keeper = FileKeeper::Create(executor_, std::move(keeping), macaroon);
  if (!keeper.ok()) return keeper.status();
  keeper_ = *std::move(keeper);
  return absl::OkStatus();
}

absl::Status MachineIdentity::ServeMetadata(const MachineIdentityOptions& options, const LockedSecret& macaroon) {
  const auto account = options.environment.find("GOOGLE_SERVICE_ACCOUNT");
  absl::StatusOr<std::unique_ptr<MetadataServer>> server =
      MetadataServer::Create(executor_,
                             {.account = account == options.environment.end() ? "default" : account->second,
                              .guest = options.guest},
                             macaroon);
  if (!server.ok()) return server.status();
  metadata_ = *std::move(server);
  variables_.emplace("GCE_METADATA_HOST", absl::StrCat(metadata_->address(), "/", metadata_->secret()));
  variables_.emplace("GCE_METADATA_IP", metadata_->address());
  variables_.emplace("FLY_METADATA_TOKEN", metadata_->secret());
  return absl::OkStatus();
}

asio::awaitable<absl::Status> MachineIdentity::Begin() {
  if (keeper_ != nullptr) {
    asio::co_spawn(executor_, keeper_->Keep(), asio::detached);
    if (absl::Status fresh = co_await keeper_->AwaitFresh(kTokenPatience); !fresh.ok()) co_return fresh;
  }
  co_return flaw_;
}

void MachineIdentity::Rest() {
  if (keeper_ != nullptr) keeper_->Rest();
}

asio::awaitable<absl::Status> MachineIdentity::Renew() {
  if (keeper_ == nullptr) co_return absl::OkStatus();
  keeper_->Refresh();
  co_return co_await keeper_->AwaitFresh(kTokenPatience);
}

}  // namespace flyd
