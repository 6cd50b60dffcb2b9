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
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/local/stream_protocol.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "boost/asio/write.hpp"
#include "boost/beast/core/basic_stream.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/http/error.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/beast/http/read.hpp"
#include "boost/beast/http/string_body.hpp"
#include "boost/beast/http/write.hpp"
#include "flyd/init/gate/guest_connection.h"
#include "flyd/init/gate/proxy_rules.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Local = asio::local::stream_protocol;
using Response = http::response<http::string_body>;
using Parser = http::request_parser<http::string_body>;
using boost::system::error_code;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr int kMaxConnections = 32;
constexpr size_t kMaxHeaderBytes = 16 * 1024;
constexpr size_t kMaxBodyBytes = 4 * 1024;
constexpr std::chrono::seconds kReadTimeout(10);
constexpr std::chrono::seconds kWriteTimeout(10);
constexpr absl::string_view kRetryAfterSeconds = "1";

Response Refusal(unsigned status, absl::string_view why) {
  Response response(http::int_to_status(status), 11);
  response.set(http::field::content_type, "application/json");
  if (status == 503) response.set(http::field::retry_after, {kRetryAfterSeconds.data(), kRetryAfterSeconds.size()});
  response.body() = nlohmann::json({{"error", std::string(why)}}).dump();
  return response;
}

// The refusal for a request that could not be read; nullopt-like status 0 where the peer is simply gone.
unsigned StatusOfReadError(const error_code& error, bool began) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == beast::error::timeout) return began ? 408 : 0;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
  return error.category() == http::make_error_code(http::error::bad_method).category() ? 400 : 0;
}

absl::string_view WordsOfStatus(unsigned status) {
  switch (status) {
    case 431: return "headers: too long, want at most 16384 bytes";
    case 413: return "body: too long, want at most 4096 bytes";
    case 408: return "request: incomplete after 10 s, want it whole";
    default: return "request: not HTTP/1.1, want it";
  }
}

GuestRequest Forwarded(http::request<http::string_body>&& request) {
  GuestRequest forwarded;
  forwarded.method = std::string(request.method_string());
  forwarded.target = std::string(request.target());
  for (const auto& field : request) {
    const absl::string_view name(field.name_string().data(), field.name_string().size());
    if (MayPassRequestHeader(name)) forwarded.headers.emplace_back(name, field.value());
  }
  forwarded.body = std::move(request.body());
  return forwarded;
}

Response Sanitized(GuestAnswer&& answer, const LockedSecret& macaroon) {
  Response response;
  response.result(static_cast<unsigned>(answer.status));
  for (const auto& [name, value] : answer.headers) {
    if (!MayPassAnswerHeader(name)) continue;
    if (CarriesCredential(value, macaroon.Reveal())) return Refusal(502, "answer: carried a credential, want none");
    response.set(name, value);
  }
  if (CarriesCredential(answer.body, macaroon.Reveal())) return Refusal(502, "answer: carried a credential, want none");
  response.body() = std::move(answer.body);
  return response;
}

}  // namespace

class ApiProxy::Server : public std::enable_shared_from_this<ApiProxy::Server> {
 public:
  Server(asio::any_io_executor executor, Local::acceptor acceptor, int directory, const LockedSecret& macaroon)
      : executor_(std::move(executor)), acceptor_(std::move(acceptor)), slot_free_(executor_), directory_(directory),
        macaroon_(macaroon) {}

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
    GuestConnection guest(self->executor_, self->directory_, self->macaroon_);
    beast::flat_buffer buffer(kMaxHeaderBytes + kMaxBodyBytes);
    while (co_await self->ServeOne(stream, buffer, guest)) {
    }
  }

  // True if the connection can take another request.
  asio::awaitable<bool> ServeOne(Stream& stream, beast::flat_buffer& buffer, GuestConnection& guest) {
    Parser parser;
    parser.header_limit(kMaxHeaderBytes);
    parser.body_limit(kMaxBodyBytes);
    stream.expires_after(kReadTimeout);
    const error_code error = co_await Read(stream, buffer, parser);
    const bool began = buffer.size() > 0 || parser.got_some();
    Response response;
    bool keep = false;
    if (error) {
      const unsigned status = StatusOfReadError(error, began);
      if (status == 0) co_return false;
      response = Refusal(status, WordsOfStatus(status));
    } else {
      keep = parser.get().keep_alive();
      response = co_await Answer(parser.get(), guest);
    }
    response.keep_alive(keep);
    response.prepare_payload();
    stream.expires_after(kWriteTimeout);
    const auto [write_error, sent] = co_await http::async_write(stream, response, kToken);
    co_return keep && !write_error;
  }

  static asio::awaitable<error_code> Read(Stream& stream, beast::flat_buffer& buffer, Parser& parser) {
    const auto [header_error, header] = co_await http::async_read_header(stream, buffer, parser, kToken);
    if (header_error) co_return header_error;
    if (beast::iequals(parser.get()[http::field::expect], "100-continue") && !parser.is_done()) {
      static constexpr absl::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      const auto [error, sent] = co_await asio::async_write(stream, asio::buffer(kContinue.data(), kContinue.size()), kToken);
      if (error) co_return error;
    }
    const auto [body_error, body] = co_await http::async_read(stream, buffer, parser, kToken);
    co_return body_error;
  }

  asio::awaitable<Response> Answer(http::request<http::string_body>& request, GuestConnection& guest) {
    const absl::string_view method(request.method_string().data(), request.method_string().size());
    const absl::string_view target(request.target().data(), request.target().size());
    if (!MayPassTarget(target)) co_return Refusal(404, "route: unknown, want one below /v1/");
    if (!MayPassMethod(method)) co_return Refusal(405, "method: unknown, want GET, POST, PUT or DELETE");
    const GuestRequest forwarded = Forwarded(std::move(request));
    absl::StatusOr<GuestAnswer> answer = co_await guest.Exchange(forwarded, Resend::kUntilAnswered);
    if (!answer.ok()) co_return Refusal(503, "flyd: away, want it back");
    co_return Sanitized(*std::move(answer), macaroon_);
  }

  const asio::any_io_executor executor_;
  Local::acceptor acceptor_;
  asio::steady_timer slot_free_;
  const int directory_;
  const LockedSecret& macaroon_;
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
  auto server = std::make_shared<Server>(executor, std::move(acceptor), options.guest_directory, macaroon);
  asio::co_spawn(executor, Server::Accept(server), asio::detached);
  return std::unique_ptr<ApiProxy>(new ApiProxy(std::move(server)));
}

}  // namespace flyd
