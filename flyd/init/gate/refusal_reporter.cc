#include "flyd/init/gate/refusal_reporter.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "flyd/init/gate/boot_request.h"

namespace flyd {

namespace asio = boost::asio;

std::shared_ptr<RefusalReporter> RefusalReporter::Create(asio::any_io_executor executor, const GuestAddress& address,
                                                         const LockedSecret& macaroon) {
  return std::shared_ptr<RefusalReporter>(new RefusalReporter(std::move(executor), address, macaroon));
}

void RefusalReporter::Report(int status, absl::string_view why) {
  if (waiting_.size() >= kMostWaiting) {
    ++left_out_;
    waiting_.pop_front();
  }
  waiting_.push_back(absl::StrCat("HTTP ", status, " by init: ", why));
  if (std::exchange(telling_, true)) return;
  asio::co_spawn(executor_, Tell(shared_from_this()), asio::detached);
}

asio::awaitable<void> RefusalReporter::Tell(std::shared_ptr<RefusalReporter> self) {
  while (!self->waiting_.empty()) {
    std::string detail = std::move(self->waiting_.front());
    self->waiting_.pop_front();
    if (const size_t count = std::exchange(self->left_out_, 0); count > 0) {
      absl::StrAppend(&detail, " (", count, " before it left out)");
    }
    co_await ReportBootEvent(self->guest_, "request_refused", detail);
  }
  self->telling_ = false;
}

}  // namespace flyd
