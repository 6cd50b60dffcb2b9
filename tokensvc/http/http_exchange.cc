#include "tokensvc/http/http_exchange.h"

#include <sys/socket.h>

#include <utility>

namespace tokensvc {

HttpExchange::HttpExchange(int raw_fd, bool keep_alive, std::function<void(Outcome)> resume)
    : raw_fd_(raw_fd), keep_alive_(keep_alive), resume_(std::move(resume)) {}

HttpExchange::~HttpExchange() { Send(ErrorResponse(500, "request: lost, want an answer")); }

void HttpExchange::Send(HttpResponse response) {
  std::function<void(Outcome)> resume;
  {
    absl::MutexLock lock(&mu_);
    resume = std::exchange(resume_, nullptr);
  }
  if (resume) resume({.bytes = SerializeResponse(response, request.method == "HEAD", keep_alive_)});
}

void HttpExchange::Abandon() {
  std::function<void(Outcome)> dropped;
  absl::MutexLock lock(&mu_);
  dropped = std::exchange(resume_, nullptr);
}

absl::Status HttpExchange::SendUnder(absl::FunctionRef<absl::Status(absl::FunctionRef<void()>)> gate,
                                     const HttpResponse& response) {
  const std::string bytes = SerializeResponse(response, request.method == "HEAD", keep_alive_);
  absl::MutexLock lock(&mu_);
  if (!resume_) return absl::FailedPreconditionError("exchange: answered already");
  ssize_t sent = -1;
  // The connection waits for this exchange, so its descriptor stays open until `resume` is called.
  const absl::Status allowed =
      gate([&] { sent = send(raw_fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL); });
  if (!allowed.ok()) return allowed;
  std::exchange(resume_, nullptr)({.bytes = "", .broken = sent != static_cast<ssize_t>(bytes.size())});
  return absl::OkStatus();
}

}  // namespace tokensvc
