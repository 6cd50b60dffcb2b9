#ifndef FLYD_INIT_GATE_API_PROXY_H_
#define FLYD_INIT_GATE_API_PROXY_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "boost/asio/any_io_executor.hpp"
#include "flyd/init/gate/guest_address.h"
#include "flyd/init/gate/locked_secret.h"

namespace flyd {

struct ApiProxyOptions {
  std::string path = "/.fly/api";
  uid_t uid = 0;  // of the workload: owner of the socket
  gid_t gid = 0;
  mode_t mode = 0600;
  GuestAddress guest;
};

// Serves the workload's socket: passes the requests of proxy_rules.h on to flyd with the Macaroon attached, and the
// answers back without it. At most 32 connections at once; others wait in the kernel's queue. A request has 16 KiB of
// headers, 4 KiB of body and 10 s to arrive. Its own refusals look like flyd's: {"error": "subject: found, want"}.
//
// Everything happens in `executor`, which must be single-threaded; the object outlives the last handler.
class ApiProxy {
 public:
  // Listens when it returns. Unavailable: the socket cannot be made. `macaroon` is not owned and outlives the proxy.
  static absl::StatusOr<std::unique_ptr<ApiProxy>> Create(boost::asio::any_io_executor executor,
                                                          const ApiProxyOptions& options, const LockedSecret& macaroon);
  ~ApiProxy();

 private:
  class Server;
  explicit ApiProxy(std::shared_ptr<Server> server);
  std::shared_ptr<Server> server_;
};

}  // namespace flyd

#endif  // FLYD_INIT_GATE_API_PROXY_H_
