#ifndef FLYD_INIT_TOKENS_FILE_KEEPER_H_
#define FLYD_INIT_TOKENS_FILE_KEEPER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/steady_timer.hpp"
#include "flyd/init/gate/guest_address.h"
#include "flyd/init/gate/guest_connection.h"
#include "flyd/init/gate/locked_secret.h"
#include "flyd/init/tokens/boot_timer.h"
#include "flyd/init/tokens/refresh_schedule.h"
#include "flyd/init/tokens/token_file.h"

namespace flyd {

// A token file that is kept.
struct KeptFile {
  std::string name;  // in /.fly
  std::string audience;
  bool aws_principal_tags = false;
  std::string aws_role_arn;  // "": not pinned to a role
  FileAccess access;
};

struct FileKeeperOptions {
  std::string machine_id;
  std::vector<KeptFile> files;
  int fly_directory = -1;    // descriptor of /.fly
  GuestAddress guest;
};

// Keeps the token files of a machine fresh, all by the one schedule of refresh_schedule.h: fetches what is due, one after
// the other, and all at once when the wall clock was set. A failure leaves the file as it is and is told on stderr, with
// how long the token there still lives. Lives in a single-threaded executor and outlives its last handler.
class FileKeeper {
 public:
  // `macaroon` is not owned and outlives this. Unavailable: no timers.
  static absl::StatusOr<std::unique_ptr<FileKeeper>> Create(boost::asio::any_io_executor executor,
                                                            FileKeeperOptions options, const LockedSecret& macaroon);

  // Fetches for ever. Run once, before anything else is asked of this.
  boost::asio::awaitable<void> Keep();

  // Waits until every file has a token that was asked for since it was made or since the last Refresh(), at most
  // `patience`. Otherwise the first file's error, `NAME: found, want`: at once where flyd refuses and waiting would not
  // help. One caller at a time.
  boost::asio::awaitable<absl::Status> AwaitFresh(absl::Duration patience);

  // Fetches nothing until Refresh(): the machine is being suspended, and may have no token while it is.
  void Rest();
  // No token there can be relied on. All files are fetched at once.
  void Refresh();

 private:
  FileKeeper(boost::asio::any_io_executor executor, FileKeeperOptions options, const LockedSecret& macaroon,
             std::unique_ptr<BootTimer> timer);
  boost::asio::awaitable<void> FetchDue();
  boost::asio::awaitable<void> Fetch(size_t index);
  absl::StatusOr<absl::Duration> Store(const KeptFile& file, const GuestAnswer& answer) const;
  void Fail(size_t index, absl::Status why, absl::Duration retry_after);
  absl::Status FirstError() const;

  const FileKeeperOptions options_;
  const LockedSecret& macaroon_;
  GuestConnection guest_;
  std::unique_ptr<BootTimer> timer_;
  RefreshSchedule schedule_;
  std::vector<absl::Status> last_;  // of each file's last fetch
  boost::asio::steady_timer settled_;
  bool resting_ = false;
};

}  // namespace flyd

#endif  // FLYD_INIT_TOKENS_FILE_KEEPER_H_
