#ifndef FLYD_INIT_TOKENS_FILE_KEEPER_H_
#define FLYD_INIT_TOKENS_FILE_KEEPER_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/awaitable.hpp"
#include "flyd/init/gate/guest_connection.h"
#include "flyd/init/gate/locked_secret.h"
#include "flyd/init/tokens/boot_timer.h"

namespace flyd {

// How long a boot waits for its first token.
inline constexpr absl::Duration kFirstTokenPatience = absl::Seconds(10);

struct TokenFileOptions {
  std::string machine_id;
  std::string name = "oidc_token";  // in `fly_directory`
  std::string audience;
  bool aws_principal_tags = false;
  uid_t uid = 0;
  gid_t gid = 0;
  mode_t mode = 0600;
  int fly_directory = -1;    // descriptor of /.fly
  int guest_directory = -1;  // see GuestConnection
};

// Keeps one token file fresh. Lives in a single-threaded executor.
class FileKeeper {
 public:
  // `macaroon` is not owned and outlives this.
  static absl::StatusOr<std::unique_ptr<FileKeeper>> Create(boost::asio::any_io_executor executor,
                                                            TokenFileOptions options, const LockedSecret& macaroon);

  // Writes the first token. Unavailable: none within kFirstTokenPatience. PermissionDenied, InvalidArgument: flyd
  // refuses; waiting would not help.
  boost::asio::awaitable<absl::Status> FetchFirst();

  // Replaces the token by the schedule of refresh_schedule.h, and at once after a clock step, for ever. A failure leaves
  // the file as it is, is told on stderr, and is retried.
  boost::asio::awaitable<void> Keep();

 private:
  FileKeeper(boost::asio::any_io_executor executor, TokenFileOptions options, const LockedSecret& macaroon,
             std::unique_ptr<BootTimer> timer);
  boost::asio::awaitable<absl::Status> FetchOnce();

  const TokenFileOptions options_;
  const LockedSecret& macaroon_;
  GuestConnection guest_;
  std::unique_ptr<BootTimer> timer_;
  absl::Duration lifetime_;  // of the token in the file; zero before the first
  int failures_ = 0;
};

}  // namespace flyd

#endif  // FLYD_INIT_TOKENS_FILE_KEEPER_H_
