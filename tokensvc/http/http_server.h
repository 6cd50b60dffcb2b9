#ifndef TOKENSVC_HTTP_HTTP_SERVER_H_
#define TOKENSVC_HTTP_HTTP_SERVER_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tokensvc/http/http_exchange.h"
#include "tokensvc/http/http_limits.h"

namespace tokensvc {

using HttpRefusal = std::function<void(const std::string& tag, int status, const std::string& why)>;

// HTTP/1.1 (RFC 9112) on Unix sockets and TCP, plain or TLS. Keep-alive; one request of a connection at a time, so a
// pipelined one waits its turn. Anything that is not HTTP/1.1 to the letter (request_reader.h) is answered 400 and the
// connection ends.
// Thread-safe.
class HttpServer {
 public:
  // `handler` is called on a thread of the server and must not block. `refusal`, which may be empty, hears of requests
  // that the server itself refused (400, 408, 413, 431): the listener's tag, the status and the text of the answer.
  HttpServer(const HttpLimits& limits, int threads, HttpHandler handler, HttpRefusal refusal = nullptr);

  // Ends every connection; returns when no handler runs. Exchanges may be answered afterwards: nothing happens.
  ~HttpServer();

  // Listens on a Unix socket of that mode; a file that is in the way is replaced. `tag` names the listener to handlers
  // and to Close. The listening descriptor: the server's, for who wants a duplicate to outlive the process. Unavailable,
  // naming the path. AlreadyExists: the tag is in use.
  absl::StatusOr<int> ListenUnix(absl::string_view tag, const std::string& path, mode_t mode);

  // Goes on with a Unix socket that listens already; takes the descriptor. InvalidArgument: it does not listen.
  // AlreadyExists: the tag is in use.
  absl::Status AdoptUnix(absl::string_view tag, int descriptor);

  // Listens on "HOST:PORT"; port 0 lets the kernel choose. The address that it listens on.
  absl::StatusOr<std::string> ListenTcp(absl::string_view tag, absl::string_view address);

  // The same over TLS 1.2 or 1.3, with PEM files that are read now, and again when they change. InvalidArgument, naming the
  // file.
  absl::StatusOr<std::string> ListenTls(absl::string_view tag, absl::string_view address,
                                        const std::string& certificate_file, const std::string& private_key_file);

  // The listener takes no more connections and those that it has end. Nothing where there is none.
  void Close(absl::string_view tag);

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_HTTP_HTTP_SERVER_H_
