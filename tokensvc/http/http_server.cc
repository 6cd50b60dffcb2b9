#include "tokensvc/http/http_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "tokensvc/http/http_connections.h"
#include "tokensvc/http/renewed_tls.h"
#include "tokensvc/http/request_reader.h"
#include "tokensvc/http/tcp_acceptor.h"

namespace tokensvc {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using asio::local::stream_protocol;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

template <typename Protocol>
using Stream = beast::basic_stream<Protocol, asio::strand<asio::io_context::executor_type>>;
template <typename Protocol>
using TlsStream = beast::ssl_stream<Stream<Protocol>>;

struct Listener {
  std::string tag;
  std::shared_ptr<HttpConnections> connections;
  std::function<void()> stop_accepting;
};

std::chrono::nanoseconds Chrono(absl::Duration duration) { return absl::ToChronoNanoseconds(duration); }

}  // namespace

class HttpServer::Core {
 public:
  Core(const HttpLimits& limits, int threads, HttpHandler handler, HttpRefusal refusal)
      : limits_(limits), handler_(std::move(handler)), refusal_(std::move(refusal)), work_(asio::make_work_guard(io_)) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { io_.run(); });
  }

  ~Core() {
    std::map<std::string, Listener> listeners;
    {
      absl::MutexLock lock(&mu_);
      listeners.swap(listeners_);
    }
    for (auto& [tag, listener] : listeners) End(listener);
    work_.reset();
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
    absl::MutexLock lock(&mu_);
    for (const std::weak_ptr<HttpExchange>& open : exchanges_) {
      if (const std::shared_ptr<HttpExchange> exchange = open.lock()) exchange->Abandon();
    }
  }

  template <typename Protocol, typename Serve>
  absl::Status Start(absl::string_view tag, typename Protocol::acceptor acceptor, Serve serve) {
    auto shared = std::make_shared<typename Protocol::acceptor>(std::move(acceptor));
    Listener listener{.tag = std::string(tag),
                      .connections = std::make_shared<HttpConnections>(limits_.connections),
                      .stop_accepting = [shared] {
                        asio::post(shared->get_executor(), [shared] {
                          beast::error_code ignored;  // closed already is what was wanted
                          shared->close(ignored);
                        });
                      }};
    absl::MutexLock lock(&mu_);
    if (!listeners_.emplace(listener.tag, listener).second) {
      return absl::AlreadyExistsError(absl::StrCat("listener ", tag, ": exists, want another tag"));
    }
    asio::co_spawn(shared->get_executor(), Accept<Protocol>(shared, listener, std::move(serve)), asio::detached);
    return absl::OkStatus();
  }

  bool Has(absl::string_view tag) {
    absl::MutexLock lock(&mu_);
    return listeners_.contains(std::string(tag));
  }

  void Close(absl::string_view tag) {
    std::optional<Listener> listener;
    {
      absl::MutexLock lock(&mu_);
      const auto found = listeners_.find(std::string(tag));
      if (found == listeners_.end()) return;
      listener = std::move(found->second);
      listeners_.erase(found);
    }
    End(*listener);
  }

  asio::io_context& io() { return io_; }

  template <typename Protocol>
  auto Plain() {
    return [this](typename Protocol::socket socket, Listener listener) {
      return ServePlain<Protocol>(std::move(socket), std::move(listener));
    };
  }
  auto Tls(std::shared_ptr<RenewedTls> tls) {
    return [this, tls](tcp::socket socket, Listener listener) {
      return ServeTls(std::move(socket), std::move(listener), tls->Current());
    };
  }

 private:
  static void End(const Listener& listener) {
    listener.stop_accepting();
    listener.connections->ShutDown();
  }

  template <typename Protocol, typename Serve>
  asio::awaitable<void> Accept(std::shared_ptr<typename Protocol::acceptor> acceptor, Listener listener, Serve serve) {
    while (acceptor->is_open()) {
      auto [error, socket] = co_await acceptor->async_accept(io_, kAwait);
      if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
      if (error) {  // out of descriptors: those that end make room
        asio::steady_timer pause(io_, std::chrono::milliseconds(10));
        co_await pause.async_wait(kAwait);
        continue;
      }
      const int fd = socket.native_handle();
      if (!listener.connections->Add(fd)) continue;
      asio::co_spawn(io_, serve(std::move(socket), listener), asio::detached);
    }
  }

  // One strand a connection: the timer of a basic_stream must not run beside its reads.
  template <typename Protocol>
  auto Rebound(typename Protocol::socket socket) {
    const auto protocol = socket.local_endpoint().protocol();
    return asio::basic_stream_socket<Protocol, asio::strand<asio::io_context::executor_type>>(
        asio::make_strand(io_), protocol, socket.release());
  }

  template <typename Protocol>
  asio::awaitable<void> ServePlain(typename Protocol::socket socket, Listener listener) {
    const int fd = socket.native_handle();
    Stream<Protocol> stream(Rebound<Protocol>(std::move(socket)));
    co_await asio::co_spawn(stream.get_executor(), Converse(stream, beast::get_lowest_layer(stream), fd, fd, listener),
                            asio::use_awaitable);
    listener.connections->Remove(fd);
  }

  asio::awaitable<void> ServeTls(tcp::socket socket, Listener listener, std::shared_ptr<asio::ssl::context> context) {
    const int fd = socket.native_handle();
    TlsStream<tcp> stream(Stream<tcp>(Rebound<tcp>(std::move(socket))), *context);
    co_await asio::co_spawn(stream.get_executor(), ConverseTls(stream, fd, listener), asio::use_awaitable);
    listener.connections->Remove(fd);
  }

  asio::awaitable<void> ConverseTls(TlsStream<tcp>& stream, int fd, const Listener& listener) {
    beast::get_lowest_layer(stream).expires_after(Chrono(limits_.read_timeout));
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kAwait);
    if (error) co_return;
    co_await Converse(stream, beast::get_lowest_layer(stream), fd, -1, listener);
    co_await stream.async_shutdown(kAwait);
  }

  template <typename Any, typename Lowest>
  asio::awaitable<void> Converse(Any& stream, Lowest& lowest, int fd, int raw_fd, const Listener& listener) {
    beast::flat_buffer buffer(limits_.header_bytes + limits_.body_bytes + 4096);
    while (true) {
      if (buffer.size() == 0) {
        lowest.expires_after(Chrono(limits_.idle_timeout));
        const auto [idle, size] = co_await stream.async_read_some(buffer.prepare(4096), kAwait);
        if (idle) co_return;
        buffer.commit(size);
      }
      ReadResult read = co_await ReadRequest(stream, lowest, buffer, limits_);
      if (read.refused == ReadResult::kGone) co_return;
      if (read.refused != 0) {
        const std::string why = WhyRefused(read.refused, limits_);
        if (refusal_) refusal_(listener.tag, read.refused, why);
        co_await EndWith(stream, lowest, SerializeResponse(ErrorResponse(read.refused, why), false, false));
        co_return;
      }
      listener.connections->BeginAnswer(fd);
      HttpExchange::Outcome outcome =
          co_await Answer(stream.get_executor(), raw_fd, read.keep_alive, listener.tag, std::move(read.request));
      lowest.expires_after(Chrono(limits_.read_timeout));
      if (!outcome.bytes.empty()) {
        const auto [failed, written] = co_await asio::async_write(stream, asio::buffer(outcome.bytes), kAwait);
        if (failed) co_return;
      }
      if (outcome.broken || !read.keep_alive) co_return;
      listener.connections->EndAnswer(fd);
    }
  }

  template <typename Executor>
  asio::awaitable<HttpExchange::Outcome> Answer(Executor executor, int raw_fd, bool keep_alive, std::string tag,
                                                HttpRequest request) {
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(HttpExchange::Outcome)>(
        [&](auto resume) {
          auto shared = std::make_shared<decltype(resume)>(std::move(resume));
          auto exchange = std::make_shared<HttpExchange>(
              raw_fd, keep_alive, [executor, shared](HttpExchange::Outcome outcome) {
                asio::post(executor, [shared, outcome = std::move(outcome)]() mutable { (*shared)(std::move(outcome)); });
              });
          exchange->request = std::move(request);
          exchange->listener = std::move(tag);
          Remember(exchange);
          handler_(std::move(exchange));
        },
        asio::use_awaitable);
  }

  // So that those which outlive the server learn of its end. Each connection has one at a time.
  void Remember(const std::shared_ptr<HttpExchange>& exchange) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (exchanges_.size() >= next_sweep_) {
      std::erase_if(exchanges_, [](const std::weak_ptr<HttpExchange>& old) { return old.expired(); });
      next_sweep_ = 64 + 2 * exchanges_.size();
    }
    exchanges_.push_back(exchange);
  }

  const HttpLimits limits_;
  const HttpHandler handler_;
  const HttpRefusal refusal_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<std::thread> threads_;
  absl::Mutex mu_;
  std::map<std::string, Listener> listeners_ ABSL_GUARDED_BY(mu_);
  std::vector<std::weak_ptr<HttpExchange>> exchanges_ ABSL_GUARDED_BY(mu_);
  size_t next_sweep_ ABSL_GUARDED_BY(mu_) = 64;
};

HttpServer::HttpServer(const HttpLimits& limits, int threads, HttpHandler handler, HttpRefusal refusal)
    : core_(std::make_unique<Core>(limits, threads, std::move(handler), std::move(refusal))) {}

HttpServer::~HttpServer() = default;

absl::StatusOr<int> HttpServer::ListenUnix(absl::string_view tag, const std::string& path, mode_t mode) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return absl::UnavailableError(absl::StrCat(path, ": ", path.size(), " bytes, want fewer than 108"));
  }
  // Before the file is touched: it may be the one that is listened on.
  if (core_->Has(tag)) return absl::AlreadyExistsError(absl::StrCat("listener ", tag, ": exists, want another tag"));
  unlink(path.c_str());
  stream_protocol::acceptor acceptor(core_->io());
  beast::error_code error;
  acceptor.open(stream_protocol(), error);
  // The file is never wider than `mode`; what the umask took away is given back before anyone is listened to.
  if (!error && fchmod(acceptor.native_handle(), mode) != 0) error.assign(errno, boost::system::system_category());
  if (!error) acceptor.bind(stream_protocol::endpoint(path), error);
  if (!error && chmod(path.c_str(), mode) != 0) error.assign(errno, boost::system::system_category());
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return absl::UnavailableError(absl::StrCat(path, ": ", error.message(), ", want to listen there"));
  const int descriptor = acceptor.native_handle();
  const absl::Status started = core_->Start<stream_protocol>(tag, std::move(acceptor), core_->Plain<stream_protocol>());
  if (!started.ok()) return started;
  return descriptor;
}

absl::Status HttpServer::AdoptUnix(absl::string_view tag, int descriptor) {
  stream_protocol::acceptor acceptor(core_->io());
  beast::error_code error;
  acceptor.assign(stream_protocol(), descriptor, error);
  int listens = 0;
  socklen_t size = sizeof listens;
  if (error || getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) {
    return absl::InvalidArgumentError(absl::StrCat("listener ", tag, ": descriptor ", descriptor, ", want a listening socket"));
  }
  return core_->Start<stream_protocol>(tag, std::move(acceptor), core_->Plain<stream_protocol>());
}

absl::StatusOr<std::string> HttpServer::ListenTcp(absl::string_view tag, absl::string_view address) {
  absl::StatusOr<tcp::acceptor> acceptor = OpenTcp(core_->io(), address);
  if (!acceptor.ok()) return acceptor.status();
  const std::string bound = AddressOf(*acceptor);
  const absl::Status started = core_->Start<tcp>(tag, *std::move(acceptor), core_->Plain<tcp>());
  if (!started.ok()) return started;
  return bound;
}

absl::StatusOr<std::string> HttpServer::ListenTls(absl::string_view tag, absl::string_view address,
                                                  const std::string& certificate_file,
                                                  const std::string& private_key_file) {
  absl::StatusOr<std::shared_ptr<RenewedTls>> tls = RenewedTls::Open(certificate_file, private_key_file);
  if (!tls.ok()) return tls.status();
  absl::StatusOr<tcp::acceptor> acceptor = OpenTcp(core_->io(), address);
  if (!acceptor.ok()) return acceptor.status();
  const std::string bound = AddressOf(*acceptor);
  const absl::Status started = core_->Start<tcp>(tag, *std::move(acceptor), core_->Tls(*std::move(tls)));
  if (!started.ok()) return started;
  return bound;
}

void HttpServer::Close(absl::string_view tag) { core_->Close(tag); }

}  // namespace tokensvc
