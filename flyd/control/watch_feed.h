#ifndef FLYD_CONTROL_WATCH_FEED_H_
#define FLYD_CONTROL_WATCH_FEED_H_

#include <functional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "flyd/supervisor/machine_table.h"
#include "proto/machines/v1/machines.pb.h"
#include "storage/machine_history.h"
#include "storage/machine_store.h"

namespace flyd {

struct WatchParts {  // none is owned
  MachineTable& table;
  const storage::MachineStore& store;
  const storage::MachineHistory& history;
};

// Passes the feed on as the request asks, from after_sequence, until `write` answers false (the reader is gone) or
// `cancelled` true; it is asked at least once a second. Blocks. OutOfRange, FailedPrecondition: as WatchMachines.
absl::Status WatchFeed(const WatchParts& parts, const fly::machines::v1::WatchMachinesRequest& request,
                       absl::FunctionRef<bool()> cancelled,
                       absl::FunctionRef<bool(const fly::machines::v1::WatchMachinesResponse&)> write);

}  // namespace flyd

#endif  // FLYD_CONTROL_WATCH_FEED_H_
