#ifndef TESTS_INIT_FAKE_FLYD_H_
#define TESTS_INIT_FAKE_FLYD_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace tests {

struct SeenRequest {
  std::string method;
  std::string target;
  std::multimap<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct FakeAnswer {
  int status = 200;
  std::string body;
  std::map<std::string, std::string> headers = {};
};

// What init sees of flyd: an HTTP server on DIRECTORY/api.sock. It remembers every request and answers by `handler`,
// which may be called from several threads at once. Thread-safe.
class FakeFlyd {
 public:
  using Handler = std::function<FakeAnswer(const SeenRequest& request)>;

  // Listens when it is made. The socket can be reached by every user who reaches the directory.
  FakeFlyd(std::string directory, Handler handler);
  ~FakeFlyd();

  // As when flyd is killed: the socket's file stays, every connection breaks.
  void Stop();
  // As when it is started again: a new socket under the same name.
  void Listen();

  std::vector<SeenRequest> Seen(absl::string_view target) const;
  // True when as many requests for `target` have come, false at the deadline.
  bool Await(absl::string_view target, size_t count, absl::Duration deadline = absl::Seconds(15)) const;

 private:
  class Server;
  const std::string directory_;
  const Handler handler_;
  mutable absl::Mutex mu_;
  std::vector<SeenRequest> seen_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<Server> server_;
};

}  // namespace tests

#endif  // TESTS_INIT_FAKE_FLYD_H_
