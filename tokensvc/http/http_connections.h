#ifndef TOKENSVC_HTTP_HTTP_CONNECTIONS_H_
#define TOKENSVC_HTTP_HTTP_CONNECTIONS_H_

#include <sys/socket.h>

#include <cstddef>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tokensvc {

// The descriptors of one listener's connections, so that closing it reaches them. Thread-safe.
class HttpConnections {
 public:
  explicit HttpConnections(size_t most) : most_(most) {}

  // False: too many, or the listener is closed.
  bool Add(int fd) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return !closed_ && open_.size() < most_ && open_.insert(fd).second;
  }
  void Remove(int fd) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    open_.erase(fd);
  }
  // Reads end, writes fail; each connection then closes its own descriptor.
  void ShutDown() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    closed_ = true;
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }

 private:
  const size_t most_;
  absl::Mutex mu_;
  std::set<int> open_ ABSL_GUARDED_BY(mu_);
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace tokensvc

#endif  // TOKENSVC_HTTP_HTTP_CONNECTIONS_H_
