#include "flyd/init/gate/guest_connection.h"

#include <sys/socket.h>

#include <linux/vm_sockets.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "boost/asio/as_tuple.hpp"
#include "boost/asio/buffer.hpp"
#include "boost/asio/generic/stream_protocol.hpp"
#include "boost/asio/local/stream_protocol.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "boost/asio/write.hpp"
#include "boost/beast/core/basic_stream.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/http/parser.hpp"
#include "boost/beast/http/read.hpp"
#include "boost/beast/http/string_body.hpp"

namespace flyd {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;
using Endpoint = asio::generic::stream_protocol::endpoint;
using boost::system::error_code;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
// flyd answers within the sign deadline of a boot (10 s) or says 503 itself.
constexpr std::chrono::seconds kAnswerTimeout(12);
constexpr std::chrono::milliseconds kFirstPause(5);
constexpr std::chrono::milliseconds kLongestPause(100);

std::string Head(const GuestRequest& request) {
  std::string head = absl::StrCat(request.method, " ", request.target, " HTTP/1.1\r\nHost: flyd\r\nContent-Length: ",
                                  request.body.size(), "\r\n");
  for (const auto& [name, value] : request.headers) absl::StrAppend(&head, name, ": ", value, "\r\n");
  return head;
}

Endpoint EndpointOf(const GuestAddress& address) {
  if (address.directory >= 0) {
    return asio::local::stream_protocol::endpoint(absl::StrCat("/proc/self/fd/", address.directory, "/api.sock"));
  }
  sockaddr_vm place = {};
  place.svm_family = AF_VSOCK;
  place.svm_cid = address.vsock_cid;
  place.svm_port = address.vsock_port;
  return Endpoint(&place, sizeof place);
}

}  // namespace

class GuestConnection::Stream {
 public:
  explicit Stream(const asio::any_io_executor& executor) : stream_(executor) {}

  asio::awaitable<error_code> Connect(const Endpoint& place) {
    stream_.expires_after(kAnswerTimeout);
    const auto [error] = co_await stream_.async_connect(place, kToken);
    co_return error;
  }

  // The Macaroon goes from its locked page to the kernel: it is never copied into a buffer of ours.
  asio::awaitable<error_code> Send(const GuestRequest& request, absl::string_view macaroon) {
    const std::string head = Head(request);
    const absl::string_view name = macaroon.empty() ? "" : "Authorization: ";
    const absl::string_view end = macaroon.empty() ? "\r\n" : "\r\n\r\n";
    const std::array<asio::const_buffer, 5> parts = {
        asio::buffer(head), asio::buffer(name.data(), name.size()), asio::buffer(macaroon.data(), macaroon.size()),
        asio::buffer(end.data(), end.size()), asio::buffer(request.body)};
    stream_.expires_after(kAnswerTimeout);
    const auto [error, sent] = co_await asio::async_write(stream_, parts, kToken);
    co_return error;
  }

  asio::awaitable<absl::StatusOr<GuestAnswer>> Receive() {
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMaxAnswerBytes);
    const auto [error, got] = co_await http::async_read(stream_, buffer_, parser, kToken);
    if (error) co_return absl::UnavailableError(absl::StrCat("flyd: ", error.message()));
    keep_ = parser.get().keep_alive();
    GuestAnswer answer;
    answer.status = static_cast<int>(parser.get().result_int());
    for (const auto& field : parser.get()) answer.headers.emplace_back(field.name_string(), field.value());
    answer.body = std::move(parser.get().body());
    co_return answer;
  }

  bool keep() const { return keep_; }

 private:
  beast::basic_stream<asio::generic::stream_protocol> stream_;
  beast::flat_buffer buffer_;
  bool keep_ = false;
};

GuestConnection::GuestConnection(asio::any_io_executor executor, const GuestAddress& address, const LockedSecret& macaroon)
    : executor_(std::move(executor)), address_(address), macaroon_(macaroon) {}

GuestConnection::~GuestConnection() = default;

asio::awaitable<absl::StatusOr<GuestAnswer>> GuestConnection::Exchange(const GuestRequest& request, Resend resend) {
  const Endpoint place = EndpointOf(address_);
  const Clock::time_point give_up = Clock::now() + absl::ToChronoMilliseconds(kGuestPatience);
  std::chrono::milliseconds pause = kFirstPause;
  absl::StatusOr<GuestAnswer> answer = absl::UnavailableError("flyd: away");
  for (;;) {
    error_code error;
    if (stream_ == nullptr) {
      stream_ = std::make_unique<Stream>(executor_);
      error = co_await stream_->Connect(place);
    }
    if (!error) {
      error = co_await stream_->Send(request, macaroon_.Reveal());
      if (!error) answer = co_await stream_->Receive();
      if (error || !answer.ok() || !stream_->keep()) stream_.reset();
      if (!error && answer.ok()) co_return answer;
      if (resend == Resend::kNever) co_return absl::UnavailableError("flyd: connection lost before the answer");
    } else {
      stream_.reset();
      answer = absl::UnavailableError(absl::StrCat("flyd: ", error.message()));
    }
    if (Clock::now() + pause >= give_up) co_return answer;
    asio::steady_timer timer(executor_, pause);
    co_await timer.async_wait(kToken);
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace flyd
