#ifndef FLYD_INIT_GATE_GUEST_CONNECTION_H_
#define FLYD_INIT_GATE_GUEST_CONNECTION_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/awaitable.hpp"
#include "flyd/init/gate/guest_address.h"
#include "flyd/init/gate/locked_secret.h"

namespace flyd {

// How long init goes on trying to reach a flyd that is away, for example while it is upgraded.
inline constexpr absl::Duration kGuestPatience = absl::Seconds(10);
inline constexpr size_t kMaxAnswerBytes = 256 * 1024;

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// One request to flyd, without Authorization: the connection attaches it.
struct GuestRequest {
  std::string method = "GET";
  std::string target;
  HeaderList headers;
  std::string body;
};

struct GuestAnswer {
  int status = 0;
  HeaderList headers;
  std::string body;
};

// Whether a request that flyd may have seen already is sent again on a new connection. POST /boot must not be.
enum class Resend { kNever, kUntilAnswered };

// One kept-alive connection to the machine's host end. Not thread-safe; one exchange at a time.
class GuestConnection {
 public:
  // The Macaroon is not owned and outlives this. An empty `macaroon` means none is attached (yet).
  GuestConnection(boost::asio::any_io_executor executor, const GuestAddress& address, const LockedSecret& macaroon);
  ~GuestConnection();
  GuestConnection(const GuestConnection&) = delete;
  GuestConnection& operator=(const GuestConnection&) = delete;

  // flyd's answer, whatever its status. Unavailable: none within kGuestPatience, or none at all after a request that
  // may not be sent again.
  boost::asio::awaitable<absl::StatusOr<GuestAnswer>> Exchange(const GuestRequest& request, Resend resend);

 private:
  class Stream;
  const boost::asio::any_io_executor executor_;
  const GuestAddress address_;
  const LockedSecret& macaroon_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace flyd

#endif  // FLYD_INIT_GATE_GUEST_CONNECTION_H_
