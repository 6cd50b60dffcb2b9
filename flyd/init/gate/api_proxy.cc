#include "flyd/init/gate/api_proxy.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/local/stream_protocol.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "boost/asio/write.hpp"
#include "boost/beast/core/basic_stream.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "flyd/init/gate/guest_connection.h"
#include "flyd/init/gate/proxy_rules.h"
#include "flyd/init/gate/refusal_reporter.h"
#include "tokensvc/http/http_limits.h"
#include "tokensvc/http/http_message.h"
#include "tokensvc/http/request_reader.h"

namespace flyd {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Local = asio::local::stream_protocol;
using tokensvc::HttpRequest;
using tokensvc::HttpResponse;
using boost::system::error_code;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr int kMaxConnections = 32;
// flyd's own; between requests a connection is kept for as long as a request may take.
constexpr tokensvc::HttpLimits kLimits = {.idle_timeout = absl::Seconds(10)};
constexpr std::chrono::seconds kWriteTimeout(10);

HttpResponse Refusal(int status, absl::string_view why) {
  HttpResponse response = tokensvc::ErrorResponse(status, why);
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  if (status == 405) response.headers.emplace_back("Allow", "GET, POST, PUT, DELETE");
  return response;
}

GuestRequest Forwarded(HttpRequest&& request) {
  GuestRequest forwarded{.method = std::move(request.method), .target = std::move(request.target)};
  for (const auto& [name, value] : request.headers) {
    if (MayPassRequestHeader(name)) forwarded.headers.emplace_back(name, value);
  }
  forwarded.body = std::move(request.body);
  return forwarded;
}

HttpResponse Sanitized(GuestAnswer&& answer, const LockedSecret& macaroon) {
  const HttpResponse withheld = Refusal(502, "answer: carried a credential, want none");
  HttpResponse response{.status = answer.status};
  for (const auto& [name, value] : answer.headers) {
    if (!MayPassAnswerHeader(name)) continue;
    if (CarriesCredential(value, macaroon.Reveal())) return withheld;
    if (absl::EqualsIgnoreCase(name, "Content-Type")) {
      response.content_type = value;
    } else {
      response.headers.emplace_back(name, value);
    }
  }
  if (CarriesCredential(answer.body, macaroon.Reveal())) return withheld;
  response.body = std::move(answer.body);
  return response;
}

}  // namespace

class ApiProxy::Server : public std::enable_shared_from_this<ApiProxy::Server> {
 public:
  Server(asio::any_io_executor executor, Local::acceptor acceptor, const GuestAddress& address, const LockedSecret& macaroon)
      : executor_(std::move(executor)), acceptor_(std::move(acceptor)), slot_free_(executor_), address_(address),
        macaroon_(macaroon), refusals_(RefusalReporter::Create(executor_, address, macaroon)) {}

  static asio::awaitable<void> Accept(std::shared_ptr<Server> self) {
    for (;;) {
      while (self->open_ >= kMaxConnections) {
        self->slot_free_.expires_at(std::chrono::steady_clock::time_point::max());
        co_await self->slot_free_.async_wait(kToken);
      }
      auto [error, socket] = co_await self->acceptor_.async_accept(kToken);
      if (error == asio::error::operation_aborted) co_return;
      if (error) {  // descriptors used up: wait for one to come back
        asio::steady_timer pause(self->executor_, std::chrono::milliseconds(100));
        co_await pause.async_wait(kToken);
        continue;
      }
      ++self->open_;
      asio::co_spawn(self->executor_, Serve(self, std::move(socket)), asio::detached);
    }
  }

  void Close() {
    error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  using Stream = beast::basic_stream<Local>;

  static asio::awaitable<void> Serve(std::shared_ptr<Server> self, Local::socket socket) {
    const absl::Cleanup free_slot = [&self] {
      --self->open_;
      self->slot_free_.cancel();
    };
    Stream stream(std::move(socket));
    GuestConnection guest(self->executor_, self->address_, self->macaroon_);
    beast::flat_buffer buffer(kLimits.header_bytes + kLimits.body_bytes + 4096);
    while (co_await self->ServeOne(stream, buffer, guest)) {
    }
  }

  // True if the connection can take another request.
  asio::awaitable<bool> ServeOne(Stream& stream, beast::flat_buffer& buffer, GuestConnection& guest) {
    if (buffer.size() == 0) {
      stream.expires_after(absl::ToChronoNanoseconds(kLimits.idle_timeout));
      const auto [idle, size] = co_await stream.async_read_some(buffer.prepare(4096), kToken);
      if (idle) co_return false;
      buffer.commit(size);
    }
    tokensvc::ReadResult read = co_await tokensvc::ReadRequest(stream, stream, buffer, kLimits);
    if (read.refused == tokensvc::ReadResult::kGone) co_return false;
    if (read.refused != 0) {
      const std::string why = tokensvc::WhyRefused(read.refused, kLimits);
      refusals_->Report(read.refused, why);
      const HttpResponse refusal = Refusal(read.refused, why);
      co_await tokensvc::EndWith(stream, stream, tokensvc::SerializeResponse(refusal, false, false));
      co_return false;
    }
    const bool head = read.request.method == "HEAD";
    const HttpResponse response = co_await Answer(std::move(read.request), guest);
    const std::string bytes = tokensvc::SerializeResponse(response, head, read.keep_alive);
    stream.expires_after(kWriteTimeout);
    const auto [write_error, sent] = co_await asio::async_write(stream, asio::buffer(bytes), kToken);
    co_return read.keep_alive && !write_error;
  }

  asio::awaitable<HttpResponse> Answer(HttpRequest request, GuestConnection& guest) {
    if (!MayPassTarget(request.target)) co_return Refuse(404, "route: unknown, want one below /v1/");
    if (!MayPassMethod(request.method)) co_return Refuse(405, "method: unknown, want GET, POST, PUT or DELETE");
    if (HandsOutMacaroons(request.target)) {
      co_return Refuse(403, "attenuate: no Macaroon enters the workload, want /.fly/api to attach it");
    }
    const GuestRequest forwarded = Forwarded(std::move(request));
    absl::StatusOr<GuestAnswer> answer = co_await guest.Exchange(forwarded, Resend::kUntilAnswered);
    if (!answer.ok()) co_return Refusal(503, "flyd: away, want it back");
    co_return Sanitized(*std::move(answer), macaroon_);
  }

  HttpResponse Refuse(int status, absl::string_view why) {
    refusals_->Report(status, why);
    return Refusal(status, why);
  }

  const asio::any_io_executor executor_;
  Local::acceptor acceptor_;
  asio::steady_timer slot_free_;
  const GuestAddress address_;
  const LockedSecret& macaroon_;
  const std::shared_ptr<RefusalReporter> refusals_;
  int open_ = 0;
};

ApiProxy::ApiProxy(std::shared_ptr<Server> server) : server_(std::move(server)) {}

ApiProxy::~ApiProxy() { server_->Close(); }

absl::StatusOr<std::unique_ptr<ApiProxy>> ApiProxy::Create(asio::any_io_executor executor,
                                                           const ApiProxyOptions& options,
                                                           const LockedSecret& macaroon) {
  unlink(options.path.c_str());
  Local::acceptor acceptor(executor);
  error_code error;
  acceptor.open(Local(), error);
  const mode_t before = umask(0777);  // nobody connects before the owner is set
  if (!error) acceptor.bind(Local::endpoint(options.path), error);
  umask(before);
  if (!error) acceptor.listen(128, error);
  if (error) return absl::UnavailableError(absl::StrCat(options.path, ": ", error.message()));
  if (lchown(options.path.c_str(), options.uid, options.gid) != 0 || chmod(options.path.c_str(), options.mode) != 0) {
    return absl::UnavailableError(absl::StrCat(options.path, ": ", strerror(errno)));
  }
  auto server = std::make_shared<Server>(executor, std::move(acceptor), options.guest, macaroon);
  asio::co_spawn(executor, Server::Accept(server), asio::detached);
  return std::unique_ptr<ApiProxy>(new ApiProxy(std::move(server)));
}

}  // namespace flyd
