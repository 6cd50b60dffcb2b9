#include "flyd/init/tokens/metadata_server.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/ip/address_v4.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "boost/beast/core/basic_stream.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/http/empty_body.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/beast/http/read.hpp"
#include "boost/beast/http/string_body.hpp"
#include "boost/beast/http/write.hpp"
#include "flyd/init/gate/guest_connection.h"
#include "flyd/init/gate/proxy_rules.h"
#include "flyd/init/tokens/metadata_rules.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using Stream = beast::basic_stream<Tcp>;
using Request = http::request<http::empty_body>;
using boost::system::error_code;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr int kMaxConnections = 32;
constexpr size_t kMaxHeaderBytes = 8 * 1024;
constexpr std::chrono::seconds kReadTimeout(2);
constexpr std::chrono::seconds kWriteTimeout(10);
constexpr std::chrono::milliseconds kAcceptPause(100);
constexpr size_t kSecretBytes = 16;

absl::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

MetadataVerdict Judge(const Request& request, absl::string_view secret, absl::string_view account) {
  return JudgeMetadataRequest({.method = View(request.method_string()),
                               .target = View(request.target()),
                               .flavor = View(request["Metadata-Flavor"]),
                               .forwarded = request.find("X-Forwarded-For") != request.end(),
                               .authorization = View(request[http::field::authorization])},
                              secret, account);
}

}  // namespace

class MetadataServer::Server : public std::enable_shared_from_this<MetadataServer::Server> {
 public:
  Server(asio::any_io_executor executor, Tcp::acceptor acceptor, MetadataServerOptions options, std::string secret,
         const LockedSecret& macaroon)
      : executor_(executor),
        acceptor_(std::move(acceptor)),
        slot_free_(std::move(executor)),
        options_(std::move(options)),
        secret_(std::move(secret)),
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
        asio::steady_timer pause(self->executor_, kAcceptPause);
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

  std::string address() const { return absl::StrCat("127.0.0.1:", acceptor_.local_endpoint().port()); }
  const std::string& secret() const { return secret_; }

 private:
  static asio::awaitable<void> Serve(std::shared_ptr<Server> self, Tcp::socket socket) {
    const absl::Cleanup free_slot = [&self] {
      --self->open_;
      self->slot_free_.cancel();
    };
    Stream stream(std::move(socket));
    beast::flat_buffer buffer(kMaxHeaderBytes);
    http::request_parser<http::empty_body> parser;
    parser.header_limit(kMaxHeaderBytes);
    stream.expires_after(kReadTimeout);
    const auto [read_error, got] = co_await http::async_read(stream, buffer, parser, kToken);
    if (read_error) co_return;  // what is no plain GET is not worth words
    http::response<http::string_body> response = co_await self->Answer(parser.get());
    response.set("Metadata-Flavor", "Google");
    response.keep_alive(false);
    response.prepare_payload();
    stream.expires_after(kWriteTimeout);
    const auto [write_error, sent] = co_await http::async_write(stream, response, kToken);
    if (!write_error) {
      error_code ignored;
      stream.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    }
  }

  asio::awaitable<http::response<http::string_body>> Answer(const Request& request) {
    const MetadataVerdict verdict = Judge(request, secret_, options_.account);
    if (verdict.audience.has_value()) co_return co_await Mint(*verdict.audience);
    co_return Make(verdict.status, verdict.content_type, verdict.body);
  }

  asio::awaitable<http::response<http::string_body>> Mint(std::string audience) {
    const nlohmann::json body = {{"aud", std::move(audience)}};
    GuestRequest request = {.method = "POST",
                            .target = "/v1/tokens/oidc",
                            .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
    request.headers.emplace_back("Content-Type", "application/json");
    GuestConnection guest(executor_, options_.guest, macaroon_);
    const absl::StatusOr<GuestAnswer> answer = co_await guest.Exchange(request, Resend::kUntilAnswered);
    if (!answer.ok()) co_return Make(503, "application/json", R"({"error":"flyd: away, want it back"})");
    if (CarriesCredential(answer->body, macaroon_.Reveal())) {
      co_return Make(502, "application/json", R"({"error":"answer: carried a credential, want none"})");
    }
    co_return Make(answer->status, answer->status == 200 ? "text/plain" : "application/json", answer->body);
  }

  static http::response<http::string_body> Make(int status, absl::string_view content_type, absl::string_view body) {
    http::response<http::string_body> response(http::int_to_status(static_cast<unsigned>(status)), 11);
    response.set(http::field::content_type, beast::string_view(content_type.data(), content_type.size()));
    response.body() = std::string(body);
    return response;
  }

  const asio::any_io_executor executor_;
  Tcp::acceptor acceptor_;
  asio::steady_timer slot_free_;
  const MetadataServerOptions options_;
  const std::string secret_;
  const LockedSecret& macaroon_;
  int open_ = 0;
};

MetadataServer::MetadataServer(std::shared_ptr<Server> server) : server_(std::move(server)) {}

MetadataServer::~MetadataServer() { server_->Close(); }

std::string MetadataServer::address() const { return server_->address(); }

const std::string& MetadataServer::secret() const { return server_->secret(); }

absl::StatusOr<std::unique_ptr<MetadataServer>> MetadataServer::Create(asio::any_io_executor executor,
                                                                       MetadataServerOptions options,
                                                                       const LockedSecret& macaroon) {
  std::string random(kSecretBytes, '\0');
  if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    return absl::UnavailableError(absl::StrCat("metadata endpoint: randomness: ", strerror(errno)));
  }
  Tcp::acceptor acceptor(executor);
  error_code error;
  acceptor.open(Tcp::v4(), error);
  if (!error) acceptor.bind(Tcp::endpoint(asio::ip::address_v4::loopback(), 0), error);
  if (!error) acceptor.listen(kMaxConnections, error);
  if (error) return absl::UnavailableError(absl::StrCat("metadata endpoint: ", error.message()));
  auto server = std::make_shared<Server>(executor, std::move(acceptor), std::move(options),
                                         absl::BytesToHexString(random), macaroon);
  asio::co_spawn(executor, Server::Accept(server), asio::detached);
  return std::unique_ptr<MetadataServer>(new MetadataServer(std::move(server)));
}

}  // namespace flyd
