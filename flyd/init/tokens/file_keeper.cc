#include "flyd/init/tokens/file_keeper.h"

#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "flyd/init/gate/proxy_rules.h"
#include "flyd/init/tokens/token_lifetime.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

namespace asio = boost::asio;
constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

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

GuestRequest MintRequest(const KeptFile& file) {
  nlohmann::json body = {{"aud", file.audience}};
  if (file.aws_principal_tags) body["aws_principal_tags"] = true;
  if (!file.aws_role_arn.empty()) body["aws_role_arn"] = file.aws_role_arn;
  GuestRequest request = {.method = "POST", .target = "/v1/tokens/oidc", .body = body.dump()};
  request.headers.emplace_back("Content-Type", "application/json");
  return request;
}

absl::Status Refusal(int answer) {
  const std::string words = absl::StrCat("answer ", answer, ", want 200");
  switch (answer) {
    case 400: return absl::InvalidArgumentError(words);
    case 401:
    case 403:
    case 404: return absl::PermissionDeniedError(words);
    default: return absl::UnavailableError(words);
  }
}

absl::Duration RetryAfter(const GuestAnswer& answer) {
  for (const auto& [name, value] : answer.headers) {
    uint32_t seconds = 0;
    if (absl::EqualsIgnoreCase(name, "Retry-After") && absl::SimpleAtoi(value, &seconds)) return absl::Seconds(seconds);
  }
  return absl::ZeroDuration();
}

RefreshSchedule::Failure KindOf(const absl::Status& why) {
  return absl::IsInvalidArgument(why) || absl::IsPermissionDenied(why) ? RefreshSchedule::Failure::kRefusal
                                                                       : RefreshSchedule::Failure::kPassing;
}

}  // namespace

FileKeeper::FileKeeper(asio::any_io_executor executor, FileKeeperOptions options, const LockedSecret& macaroon,
                       std::unique_ptr<BootTimer> timer)
    : options_(std::move(options)),
      macaroon_(macaroon),
      guest_(executor, options_.guest, macaroon),
      timer_(std::move(timer)),
      schedule_(options_.machine_id, options_.files.size()),
      last_(options_.files.size()),
      settled_(executor) {}

absl::StatusOr<std::unique_ptr<FileKeeper>> FileKeeper::Create(asio::any_io_executor executor, FileKeeperOptions options,
                                                               const LockedSecret& macaroon) {
  absl::StatusOr<std::unique_ptr<BootTimer>> timer = BootTimer::Create(executor);
  if (!timer.ok()) return timer.status();
  return std::unique_ptr<FileKeeper>(
      new FileKeeper(std::move(executor), std::move(options), macaroon, *std::move(timer)));
}

asio::awaitable<void> FileKeeper::Keep() {
  for (;;) {
    if (!resting_) co_await FetchDue();
    if (schedule_.IsSettled()) settled_.cancel();
    const BootTimer::Wake wake = co_await timer_->Wait(resting_ ? kLongestPeriod : schedule_.Pause(BootTime()));
    if (wake == BootTimer::Wake::kClockStep) schedule_.Disturb(BootTime());
  }
}

asio::awaitable<void> FileKeeper::FetchDue() {
  for (const size_t index : schedule_.Due(BootTime())) co_await Fetch(index);
}

asio::awaitable<void> FileKeeper::Fetch(size_t index) {
  const absl::Duration asked = BootTime();
  const GuestRequest request = MintRequest(options_.files[index]);
  absl::StatusOr<GuestAnswer> answer = co_await guest_.Exchange(request, Resend::kUntilAnswered);
  if (!answer.ok() || answer->status != 200) {
    Fail(index, answer.ok() ? Refusal(answer->status) : answer.status(),
         answer.ok() ? RetryAfter(*answer) : absl::ZeroDuration());
    co_return;
  }
  const absl::StatusOr<absl::Duration> lifetime = Store(options_.files[index], *answer);
  if (!lifetime.ok()) {
    Fail(index, lifetime.status(), absl::ZeroDuration());
    co_return;
  }
  last_[index] = absl::OkStatus();
  schedule_.Fetched(index, asked, *lifetime);
}

absl::StatusOr<absl::Duration> FileKeeper::Store(const KeptFile& file, const GuestAnswer& answer) const {
  absl::string_view token = answer.body;
  while (absl::ConsumeSuffix(&token, "\n")) {
  }
  if (token.empty()) return absl::UnavailableError("token: empty, want a JWT");
  if (CarriesCredential(token, macaroon_.Reveal())) {
    return absl::PermissionDeniedError("token: carried a credential, want a JWT");
  }
  if (absl::Status secured = SecureDirectory(options_.fly_directory); !secured.ok()) return secured;
  if (absl::Status replaced = ReplaceFile(options_.fly_directory, file.name, token, file.access); !replaced.ok()) {
    return replaced;
  }
  return TokenLifetime(token).value_or(kAssumedTokenLifetime);
}

void FileKeeper::Fail(size_t index, absl::Status why, absl::Duration retry_after) {
  const absl::Duration now = BootTime();
  schedule_.Failed(index, now, KindOf(why), retry_after, Jitter());
  const std::optional<absl::Duration> left = schedule_.Left(index, now);
  const std::string there = !left.has_value()                   ? "there is no token yet"
                            : *left < absl::ZeroDuration() ? "the token there has ended"
                                                           : absl::StrCat("the token there lives ", absl::ToInt64Seconds(*left), " s more");
  fprintf(stderr, "init: %s: %s; %s\n", options_.files[index].name.c_str(), std::string(why.message()).c_str(),
          there.c_str());
  last_[index] = std::move(why);
}

asio::awaitable<absl::Status> FileKeeper::AwaitFresh(absl::Duration patience) {
  settled_.expires_after(absl::ToChronoMilliseconds(patience));
  if (!schedule_.IsSettled()) co_await settled_.async_wait(kToken);
  co_return schedule_.IsFresh() ? absl::OkStatus() : FirstError();
}

void FileKeeper::Rest() { resting_ = true; }

void FileKeeper::Refresh() {
  resting_ = false;
  schedule_.Disturb(BootTime());
  timer_->Expire();
}

absl::Status FileKeeper::FirstError() const {
  for (size_t i = 0; i < last_.size(); ++i) {
    if (!last_[i].ok()) return absl::Status(last_[i].code(), absl::StrCat(options_.files[i].name, ": ", last_[i].message()));
  }
  return absl::UnavailableError("tokens: no answer yet, want them all");
}

}  // namespace flyd
