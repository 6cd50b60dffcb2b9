#ifndef FLYD_RUNTIME_EXIT_WATCHER_H_
#define FLYD_RUNTIME_EXIT_WATCHER_H_

#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "flyd/runtime/runtime.h"
#include "tokensvc/clock.h"

namespace flyd {

// Follows runners by pidfd and tells the sink of each that ended, once, with what its exit.json says. Thread-safe.
class ExitWatcher {
 public:
  // `clock` is not owned and outlives this.
  ExitWatcher(const tokensvc::Clock& clock, ExitSink sink);
  // Waits for a call of the sink that is running.
  ~ExitWatcher();
  ExitWatcher(const ExitWatcher&) = delete;
  ExitWatcher& operator=(const ExitWatcher&) = delete;

  // Takes ownership of `pidfd`. A second call for a boot that is followed already changes nothing. `directory` is the
  // boot's, where exit.json will be.
  absl::Status Follow(absl::string_view machine_id, absl::string_view boot_id, const std::string& directory, int pidfd);

 private:
  struct Boot {
    std::string machine_id;
    std::string boot_id;
    std::string directory;
    int pidfd = -1;
  };
  void Run();
  void End(int pidfd) ABSL_LOCKS_EXCLUDED(mu_);

  const tokensvc::Clock& clock_;
  const ExitSink sink_;
  const int epoll_;
  const int stop_;  // eventfd
  absl::Mutex mu_;
  absl::flat_hash_map<int, Boot> boots_ ABSL_GUARDED_BY(mu_);  // by pidfd
  std::thread thread_;                                         // last: starts when the rest is made
};

}  // namespace flyd

#endif  // FLYD_RUNTIME_EXIT_WATCHER_H_
