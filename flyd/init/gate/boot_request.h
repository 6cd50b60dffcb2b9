#ifndef FLYD_INIT_GATE_BOOT_REQUEST_H_
#define FLYD_INIT_GATE_BOOT_REQUEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "boost/asio/awaitable.hpp"
#include "flyd/init/gate/boot_answer.h"
#include "flyd/init/gate/guest_connection.h"

namespace flyd {

// POST /boot: asks flyd for this boot, once. Waits for a flyd that is away, but never sends the request again after flyd
// may have seen it: the answer is given once. AlreadyExists: somebody asked before. Unavailable: no answer within
// kGuestPatience.
boost::asio::awaitable<absl::StatusOr<BootAnswer>> RequestBoot(GuestConnection& guest);

// POST /boot/events. Nobody waits for the outcome: an event that is lost is only missing in the record.
boost::asio::awaitable<void> ReportBootEvent(GuestConnection& guest, absl::string_view type, absl::string_view detail);

// The same: how the workload ended.
boost::asio::awaitable<void> ReportBootExit(GuestConnection& guest, int exit_code, int signal, absl::string_view error);

}  // namespace flyd

#endif  // FLYD_INIT_GATE_BOOT_REQUEST_H_
