#ifndef FLYD_INIT_GATE_REFUSAL_REPORTER_H_
#define FLYD_INIT_GATE_REFUSAL_REPORTER_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "boost/asio/any_io_executor.hpp"
#include "boost/asio/awaitable.hpp"
#include "flyd/init/gate/guest_address.h"
#include "flyd/init/gate/guest_connection.h"
#include "flyd/init/gate/locked_secret.h"

namespace flyd {

// Tells flyd of requests that PID 1 refused by itself, so that the ledger has them as it has flyd's own. The workload does not
// wait for it; of a flood the last kMostWaiting and a number are told. Lives in a single-threaded executor.
class RefusalReporter : public std::enable_shared_from_this<RefusalReporter> {
 public:
  static constexpr size_t kMostWaiting = 64;

  // `macaroon` is not owned and outlives the reports.
  static std::shared_ptr<RefusalReporter> Create(boost::asio::any_io_executor executor, const GuestAddress& address,
                                                 const LockedSecret& macaroon);

  // `why` without secrets.
  void Report(int status, absl::string_view why);

 private:
  RefusalReporter(boost::asio::any_io_executor executor, const GuestAddress& address, const LockedSecret& macaroon)
      : executor_(executor), guest_(std::move(executor), address, macaroon) {}
  static boost::asio::awaitable<void> Tell(std::shared_ptr<RefusalReporter> self);

  const boost::asio::any_io_executor executor_;
  GuestConnection guest_;
  std::deque<std::string> waiting_;
  size_t left_out_ = 0;
  bool telling_ = false;
};

}  // namespace flyd

#endif  // FLYD_INIT_GATE_REFUSAL_REPORTER_H_
