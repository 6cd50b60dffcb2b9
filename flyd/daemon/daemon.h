#ifndef FLYD_DAEMON_DAEMON_H_
#define FLYD_DAEMON_DAEMON_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flyd/daemon/flyd_config.h"
#include "flyd/service_manager/service_manager.h"
#include "tokensvc/clock.h"

namespace flyd {

// The daemon of one worker host: every dependency is named in Create, in order, and nowhere else.
class Daemon {
 public:
  virtual ~Daemon() = default;

  // Opens the stores, enrols where it must, finds the machines of the last process again, and listens. Errors of what it
  // opens, naming it. `clock` and `manager` outlive it.
  static absl::StatusOr<std::unique_ptr<Daemon>> Create(const FlydConfig& config, const tokensvc::Clock& clock,
                                                        ServiceManager& manager);

  // Until SIGTERM or SIGINT. Machines run on.
  virtual absl::Status RunUntilSignalled() = 0;
};

}  // namespace flyd

#endif  // FLYD_DAEMON_DAEMON_H_
