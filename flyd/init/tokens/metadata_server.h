#ifndef FLYD_INIT_TOKENS_METADATA_SERVER_H_
#define FLYD_INIT_TOKENS_METADATA_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "boost/asio/any_io_executor.hpp"
#include "flyd/init/gate/guest_address.h"
#include "flyd/init/gate/locked_secret.h"

namespace flyd {

struct MetadataServerOptions {
  std::string account;       // what the default service account calls itself
  GuestAddress guest;
};

// Google's metadata identity endpoint on 127.0.0.1, at a port that the kernel chooses: each good request is answered with
// a new token of flyd's. metadata_rules.h says what is answered. Where machines share the host's network others can reach
// the port: the secret keeps them out.
//
// At most 32 connections at once, one request each: 8 KiB of headers, no body, 2 s to arrive. Everything happens in
// `executor`, which must be single-threaded; the object outlives the last handler.
class MetadataServer {
 public:
  // Listens when it returns. Unavailable: no port, or no randomness. `macaroon` is not owned and outlives the server.
  static absl::StatusOr<std::unique_ptr<MetadataServer>> Create(boost::asio::any_io_executor executor,
                                                                MetadataServerOptions options,
                                                                const LockedSecret& macaroon);
  ~MetadataServer();

  std::string address() const;  // 127.0.0.1:PORT
  // 32 hex digits that each request must present.
  const std::string& secret() const;

 private:
  class Server;
  explicit MetadataServer(std::shared_ptr<Server> server);
  std::shared_ptr<Server> server_;
};

}  // namespace flyd

#endif  // FLYD_INIT_TOKENS_METADATA_SERVER_H_
