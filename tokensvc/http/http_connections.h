#ifndef TOKENSVC_HTTP_HTTP_CONNECTIONS_H_
#define TOKENSVC_HTTP_HTTP_CONNECTIONS_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tokensvc {

// The descriptors of one listener's connections, so that closing it reaches them, and so that connections which say nothing do
// not keep others out: where there are as many as there may be, a new one takes the place of the one that has waited for its
// client the longest. Thread-safe.
class HttpConnections {
 public:
  explicit HttpConnections(size_t most) : most_(most) {}

  // A new connection, waiting for its client. False: each of too many is being answered, or the listener is closed.
  bool Add(int fd) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (closed_ || (open_.size() - ending_ >= most_ && !EndLongestWaiting())) return false;
    waiting_[++turn_] = fd;
    open_[fd] = turn_;
    return true;
  }

  // Its request is whole and has no answer yet.
  void BeginAnswer(int fd) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (const auto own = open_.find(fd); own != open_.end()) waiting_.erase(own->second);
  }
  // It waits for its client again.
  void EndAnswer(int fd) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    const auto own = open_.find(fd);
    if (own == open_.end() || own->second == kEnding) return;
    waiting_[++turn_] = fd;
    own->second = turn_;
  }
  void Remove(int fd) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    const auto own = open_.find(fd);
    if (own == open_.end()) return;
    ending_ -= own->second == kEnding ? 1 : 0;
    waiting_.erase(own->second);
    open_.erase(own);
  }
  // Reads end, writes fail; each connection then closes its own descriptor.
  void ShutDown() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    closed_ = true;
    for (const auto& [fd, turn] : open_) shutdown(fd, SHUT_RDWR);
  }

 private:
  static constexpr uint64_t kEnding = 0;

  bool EndLongestWaiting() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (waiting_.empty()) return false;
    const int fd = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    open_[fd] = kEnding;
    ++ending_;
    shutdown(fd, SHUT_RDWR);
    return true;
  }

  const size_t most_;
  absl::Mutex mu_;
  std::map<int, uint64_t> open_ ABSL_GUARDED_BY(mu_);     // with its last turn to wait, or kEnding
  std::map<uint64_t, int> waiting_ ABSL_GUARDED_BY(mu_);  // by turn: the longest first
  uint64_t turn_ ABSL_GUARDED_BY(mu_) = 0;
  size_t ending_ ABSL_GUARDED_BY(mu_) = 0;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace tokensvc

#endif  // TOKENSVC_HTTP_HTTP_CONNECTIONS_H_
