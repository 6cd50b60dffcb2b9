#ifndef FLYD_INIT_TOKENS_MACHINE_IDENTITY_H_
#define FLYD_INIT_TOKENS_MACHINE_IDENTITY_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/awaitable.hpp"
#include "flyd/init/gate/guest_address.h"
#include "flyd/init/gate/identity_settings.h"
#include "flyd/init/gate/locked_secret.h"
#include "flyd/init/tokens/cloud_identity.h"
#include "flyd/init/tokens/file_keeper.h"
#include "flyd/init/tokens/metadata_server.h"
#include "flyd/init/workload/workload_environment.h"
#include "flyd/init/workload/workload_user.h"

namespace flyd {

// How long a boot, and a resume, wait for tokens.
inline constexpr absl::Duration kTokenPatience = absl::Seconds(10);

struct MachineIdentityOptions {
  MachineFacts machine;
  IdentitySettings settings;
  Environment environment;  // the user's
  WorkloadUser user;        // owns what has no owner of its own
  std::string passwd;       // contents of the machine's files, for the owners' names
  std::string group;
  bool one_id = false;
  int fly_directory = -1;    // descriptor of /.fly
  GuestAddress guest;
};

// What a workload finds of its machine's identity: token files, Google's credentials file, the metadata endpoint, and the
// variables that point at them. Lives in a single-threaded executor and outlives its last handler.
class MachineIdentity {
 public:
  // Everything but the tokens is there when this returns. `macaroon` is not owned and outlives this. NotFound,
  // InvalidArgument, FailedPrecondition: an owner that cannot be. Unavailable: the host refused timers, files or a port.
  static absl::StatusOr<std::unique_ptr<MachineIdentity>> Create(boost::asio::any_io_executor executor,
                                                                 const MachineIdentityOptions& options,
                                                                 const LockedSecret& macaroon);

  // Begins to keep the files and waits for the first token in each, at most kTokenPatience. An error names what there is
  // no token for, or the setting that makes no sense; the files go on being tried for.
  boost::asio::awaitable<absl::Status> Begin();

  // Asks for no token until Renew().
  void Rest();
  // Replaces every token, as after a suspension: waits, and errs, as Begin() does.
  boost::asio::awaitable<absl::Status> Renew();

  // For the workload. Those that the user set are the user's.
  const Environment& variables() const { return variables_; }

 private:
  MachineIdentity(boost::asio::any_io_executor executor, absl::Status flaw);
  absl::Status KeepFiles(const MachineIdentityOptions& options, CloudIdentity plan, const LockedSecret& macaroon);
  absl::Status ServeMetadata(const MachineIdentityOptions& options, const LockedSecret& macaroon);

  const boost::asio::any_io_executor executor_;
  const absl::Status flaw_;
  Environment variables_;
  std::unique_ptr<FileKeeper> keeper_;  // null: there are no files
  std::unique_ptr<MetadataServer> metadata_;
};

}  // namespace flyd

#endif  // FLYD_INIT_TOKENS_MACHINE_IDENTITY_H_
