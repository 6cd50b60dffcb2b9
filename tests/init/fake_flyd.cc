#include "tests/init/fake_flyd.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/local/stream_protocol.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/http/read.hpp"
#include "boost/beast/http/string_body.hpp"
#include "boost/beast/http/write.hpp"

namespace tests {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Local = asio::local::stream_protocol;

SeenRequest ToSeen(const http::request<http::string_body>& request) {
  SeenRequest seen;
  seen.method = std::string(request.method_string());
  seen.target = std::string(request.target());
  for (const auto& field : request) {
    seen.headers.emplace(absl::AsciiStrToLower(std::string(field.name_string())), std::string(field.value()));
  }
  seen.body = request.body();
  return seen;
}

}  // namespace

// One thread that accepts, one for each connection.
class FakeFlyd::Server {
 public:
  Server(const std::string& path, std::function<FakeAnswer(SeenRequest)> answer)
      : answer_(std::move(answer)), acceptor_(io_) {
    unlink(path.c_str());
    acceptor_.open(Local());
    acceptor_.bind(Local::endpoint(path));
    chmod(path.c_str(), 0666);
    acceptor_.listen();
    accepting_ = std::thread([this] { Accept(); });
  }

  ~Server() {
    shutdown(acceptor_.native_handle(), SHUT_RDWR);
    accepting_.join();
    for (Connection& connection : connections_) {
      shutdown(connection.socket.native_handle(), SHUT_RDWR);
      connection.thread.join();
    }
  }

 private:
  struct Connection {
    explicit Connection(Local::socket connected) : socket(std::move(connected)) {}
    Local::socket socket;
    std::atomic<bool> ended = false;
    std::thread thread;
  };

  void Accept() {
    for (;;) {
      boost::system::error_code error;
      Local::socket socket(io_);
      acceptor_.accept(socket, error);
      if (error) return;
      DropEnded();
      Connection& connection = connections_.emplace_back(std::move(socket));
      connection.thread = std::thread([this, &connection] {
        Serve(connection.socket);
        connection.ended = true;
      });
    }
  }

  void DropEnded() {
    connections_.remove_if([](Connection& connection) {
      if (!connection.ended) return false;
      connection.thread.join();
      return true;
    });
  }

  void Serve(Local::socket& socket) {
    boost::beast::flat_buffer buffer;
    for (;;) {
      boost::system::error_code error;
      http::request<http::string_body> request;
      http::read(socket, buffer, request, error);
      if (error) return;
      const FakeAnswer answer = answer_(ToSeen(request));
      http::response<http::string_body> response(http::int_to_status(static_cast<unsigned>(answer.status)), 11);
      for (const auto& [name, value] : answer.headers) response.set(name, value);
      if (answer.status != 204) response.body() = answer.body;
      response.prepare_payload();
      http::write(socket, response, error);
      if (error) return;
    }
  }

  const std::function<FakeAnswer(SeenRequest)> answer_;
  asio::io_context io_;
  Local::acceptor acceptor_;
  std::list<Connection> connections_;  // touched by accepting_ alone until it is joined
  std::thread accepting_;
};

FakeFlyd::FakeFlyd(std::string directory, Handler handler)
    : directory_(std::move(directory)), handler_(std::move(handler)) {
  Listen();
}

FakeFlyd::~FakeFlyd() = default;

void FakeFlyd::Stop() { server_.reset(); }

void FakeFlyd::Listen() {
  server_ = std::make_unique<Server>(absl::StrCat(directory_, "/api.sock"), [this](SeenRequest request) {
    const FakeAnswer answer = handler_(request);
    absl::MutexLock lock(&mu_);
    seen_.push_back(std::move(request));
    return answer;
  });
}

std::vector<SeenRequest> FakeFlyd::Seen(absl::string_view target) const {
  absl::MutexLock lock(&mu_);
  std::vector<SeenRequest> matching;
  std::copy_if(seen_.begin(), seen_.end(), std::back_inserter(matching),
               [target](const SeenRequest& request) { return request.target == target; });
  return matching;
}

bool FakeFlyd::Await(absl::string_view target, size_t count, absl::Duration deadline) const {
  const auto enough = [&]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return static_cast<size_t>(std::count_if(seen_.begin(), seen_.end(), [&](const SeenRequest& request) {
             return request.target == target;
           })) >= count;
  };
  absl::MutexLock lock(&mu_);
  return mu_.AwaitWithTimeout(absl::Condition(&enough), deadline);
}

}  // namespace tests
