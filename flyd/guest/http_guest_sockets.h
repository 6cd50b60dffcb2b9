#ifndef FLYD_GUEST_HTTP_GUEST_SOCKETS_H_
#define FLYD_GUEST_HTTP_GUEST_SOCKETS_H_

#include <string>

#include "flyd/service_manager/service_manager.h"
#include "flyd/supervisor/guest_sockets.h"
#include "tokensvc/http/http_server.h"

namespace flyd {

// RUN_DIR/m/ID/guest/api.sock for each machine, below a directory that only flyd's user may enter. PID 1 holds `guest`, so
// a socket that a restarted flyd makes anew is found; where a service manager keeps the socket from one flyd to the next, it
// stays the same and nobody is refused meanwhile.
class HttpGuestSockets final : public GuestSockets {
 public:
  // Neither reference is owned; both outlive this. Listeners have the machine's id as their tag, and as their name at the
  // service manager.
  HttpGuestSockets(std::string run_dir, tokensvc::HttpServer& server, ServiceManager& manager)
      : run_dir_(std::move(run_dir)), server_(server), manager_(manager) {}

  absl::Status Open(absl::string_view machine_id) override;
  void Close(absl::string_view machine_id) override;

 private:
  const std::string run_dir_;
  tokensvc::HttpServer& server_;
  ServiceManager& manager_;
};

}  // namespace flyd

#endif  // FLYD_GUEST_HTTP_GUEST_SOCKETS_H_
