#ifndef FLYD_SUPERVISOR_GUEST_SOCKETS_H_
#define FLYD_SUPERVISOR_GUEST_SOCKETS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace flyd {

// The sockets through which machines reach this host, one a machine. Thread-safe.
class GuestSockets {
 public:
  virtual ~GuestSockets() = default;

  // The machine's socket listens when it returns; OK where it does already, and a socket file left by an earlier flyd is
  // replaced. Unavailable: the host refused.
  virtual absl::Status Open(absl::string_view machine_id) = 0;

  // Nothing listens for the machine any more; its connections are closed. OK where nothing did.
  virtual void Close(absl::string_view machine_id) = 0;
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_GUEST_SOCKETS_H_
