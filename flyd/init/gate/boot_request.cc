#include "flyd/init/gate/boot_request.h"

#include <chrono>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/this_coro.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

namespace asio = boost::asio;
constexpr int kTries = 50;
constexpr std::chrono::milliseconds kPause(200);  // kTries of them are kGuestPatience

asio::awaitable<void> Pause() {
  asio::steady_timer timer(co_await asio::this_coro::executor, kPause);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> Report(GuestConnection& guest, const nlohmann::json& body) {
  const std::string text = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  GuestRequest request = {.method = "POST", .target = "/boot/events", .body = text};
  request.headers.emplace_back("Content-Type", "application/json");
  // A report that flyd does not take is lost: the machine runs on, and flyd still learns of its end from the runner.
  (co_await guest.Exchange(request, Resend::kUntilAnswered)).IgnoreError();
}

}  // namespace

asio::awaitable<absl::StatusOr<BootAnswer>> RequestBoot(GuestConnection& guest) {
  const GuestRequest request = {.method = "POST", .target = "/boot"};
  for (int tries = 1;; ++tries) {
    absl::StatusOr<GuestAnswer> answer = co_await guest.Exchange(request, Resend::kNever);
    if (!answer.ok()) co_return absl::UnavailableError(absl::StrCat("boot: ", answer.status().message()));
    if (answer->status == 200) co_return ParseBootAnswer(answer->body);
    if (answer->status == 403) co_return absl::AlreadyExistsError("boot: answered before, want to be the first to ask");
    // 503 says that the boot was not handed out.
    if (answer->status != 503 || tries == kTries) {
      co_return absl::UnavailableError(absl::StrCat("boot: answer ", answer->status, ", want 200"));
    }
    co_await Pause();
  }
}

asio::awaitable<void> ReportBootEvent(GuestConnection& guest, absl::string_view type, absl::string_view detail) {
  const nlohmann::json body = {{"type", std::string(type)}, {"detail", std::string(detail)}};
  co_await Report(guest, body);
}

asio::awaitable<void> ReportBootExit(GuestConnection& guest, int exit_code, int signal, absl::string_view error) {
  const nlohmann::json body = {
      {"type", "exiting"}, {"exit_code", exit_code}, {"signal", signal}, {"detail", std::string(error)}};
  co_await Report(guest, body);
}

}  // namespace flyd
