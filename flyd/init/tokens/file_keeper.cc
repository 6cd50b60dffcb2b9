#include "flyd/init/tokens/file_keeper.h"

#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "flyd/init/gate/proxy_rules.h"
#include "flyd/init/tokens/refresh_schedule.h"
#include "flyd/init/tokens/token_file.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

namespace asio = boost::asio;

double Jitter() {
  uint32_t random = 0;
  if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random) return 0;
  return random / 4294967296.0;
}

absl::Duration BootTime() {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return absl::DurationFromTimespec(now);
}

absl::Status Refusal(const GuestAnswer& answer) {
  const std::string words = absl::StrCat("token: answer ", answer.status, ", want 200");
  switch (answer.status) {
    case 400: return absl::InvalidArgumentError(words);
    case 401:
    case 403:
    case 404: return absl::PermissionDeniedError(words);
    default: return absl::UnavailableError(words);
  }
}

}  // namespace

FileKeeper::FileKeeper(asio::any_io_executor executor, TokenFileOptions options, const LockedSecret& macaroon,
                       std::unique_ptr<BootTimer> timer)
    : options_(std::move(options)),
      macaroon_(macaroon),
      guest_(std::move(executor), options_.guest_directory, macaroon),
      timer_(std::move(timer)) {}

absl::StatusOr<std::unique_ptr<FileKeeper>> FileKeeper::Create(asio::any_io_executor executor, TokenFileOptions options,
                                                               const LockedSecret& macaroon) {
  absl::StatusOr<std::unique_ptr<BootTimer>> timer = BootTimer::Create(executor);
  if (!timer.ok()) return timer.status();
  return std::unique_ptr<FileKeeper>(
      new FileKeeper(std::move(executor), std::move(options), macaroon, *std::move(timer)));
}

asio::awaitable<absl::Status> FileKeeper::FetchOnce() {
  nlohmann::json body = {{"aud", options_.audience}};
  if (options_.aws_principal_tags) body["aws_principal_tags"] = true;
  GuestRequest request = {.method = "POST", .target = "/v1/tokens/oidc", .body = body.dump()};
  request.headers.emplace_back("Content-Type", "application/json");
  absl::StatusOr<GuestAnswer> answer = co_await guest_.Exchange(request, Resend::kUntilAnswered);
  if (!answer.ok()) co_return answer.status();
  if (answer->status != 200) co_return Refusal(*answer);
  while (!answer->body.empty() && answer->body.back() == '\n') answer->body.pop_back();
  if (answer->body.empty()) co_return absl::UnavailableError("token: empty, want a JWT");
  if (CarriesCredential(answer->body, macaroon_.Reveal())) {
    co_return absl::PermissionDeniedError("token: carried a credential, want a JWT");
  }
  absl::Status written = WriteTokenFile(options_.fly_directory, options_.name, answer->body, options_.uid, options_.gid,
                                        options_.mode);
  if (written.ok()) lifetime_ = TokenLifetime(answer->body);
  co_return written;
}

asio::awaitable<absl::Status> FileKeeper::FetchFirst() {
  const absl::Duration give_up = BootTime() + kFirstTokenPatience;
  for (int tries = 1;; ++tries) {
    absl::Status fetched = co_await FetchOnce();
    if (fetched.ok() || !absl::IsUnavailable(fetched)) co_return fetched;
    const absl::Duration pause = RetryDelay(tries, Jitter()) / 4;
    if (BootTime() + pause >= give_up) co_return fetched;
    co_await timer_->Wait(pause);
  }
}

asio::awaitable<void> FileKeeper::Keep() {
  absl::Duration written_at = BootTime();
  absl::Duration delay = lifetime_ == absl::ZeroDuration() ? RetryDelay(++failures_, Jitter())
                                                           : RefreshDelay(options_.machine_id, lifetime_);
  for (;;) {
    co_await timer_->Wait(delay);
    const absl::Status fetched = co_await FetchOnce();
    if (fetched.ok()) {
      failures_ = 0;
      written_at = BootTime();
      delay = RefreshDelay(options_.machine_id, lifetime_);
      continue;
    }
    delay = RetryDelay(++failures_, Jitter());
    const absl::Duration left = written_at + lifetime_ - BootTime();
    fprintf(stderr, "init: %s: %s; the token there lives %lld s more, next try in %lld ms\n", options_.name.c_str(),
            std::string(fetched.message()).c_str(), static_cast<long long>(absl::ToInt64Seconds(left)),
            static_cast<long long>(absl::ToInt64Milliseconds(delay)));
  }
}

}  // namespace flyd
