#ifndef TOKENSVC_HTTP_HTTP_EXCHANGE_H_
#define TOKENSVC_HTTP_HTTP_EXCHANGE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "tokensvc/http/http_message.h"

namespace tokensvc {

// One request waiting for its answer. The handler answers it once, at once or later, from any thread. An exchange whose
// last owner lets go without an answer is answered 500.
class HttpExchange {
 public:
  HttpRequest request;

  // What listened: the tag given to Listen.
  std::string listener;

  // Sends the response. Nothing happens if it was answered before.
  void Send(HttpResponse response);

  // Sends it from inside `gate`, which decides whether: `gate` calls the function that it is given, or does not and
  // answers why. The write happens on the calling thread, does not block, and is over when the function returns; what
  // does not fit into the socket at once ends the connection. On a TLS connection nothing is written.
  //   The gate's status: OK, the write was made; else nothing was written and Send is still due.
  absl::Status SendUnder(absl::FunctionRef<absl::Status(absl::FunctionRef<void()>)> gate, const HttpResponse& response);

  ~HttpExchange();

  // The connection's side. `resume` is called once, with the bytes that are still to be written (empty: none), or with
  // `broken` where the connection is to end.
  struct Outcome {
    std::string bytes;
    bool broken = false;
  };
  HttpExchange(int raw_fd, bool keep_alive, std::function<void(Outcome)> resume);
  // The connection is gone: from now on answers go nowhere. Waits for a SendUnder that runs.
  void Abandon();

 private:
  const int raw_fd_;  // -1: TLS
  const bool keep_alive_;
  absl::Mutex mu_;
  std::function<void(Outcome)> resume_ ABSL_GUARDED_BY(mu_);  // null: answered
};

using HttpHandler = std::function<void(std::shared_ptr<HttpExchange>)>;

}  // namespace tokensvc

#endif  // TOKENSVC_HTTP_HTTP_EXCHANGE_H_
