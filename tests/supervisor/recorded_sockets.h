#ifndef TESTS_SUPERVISOR_RECORDED_SOCKETS_H_
#define TESTS_SUPERVISOR_RECORDED_SOCKETS_H_

#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "flyd/supervisor/guest_sockets.h"

namespace tests {

// Remembers which machines have a socket. Thread-safe.
class RecordedSockets final : public flyd::GuestSockets {
 public:
  absl::Status Open(absl::string_view machine_id) override {
    absl::MutexLock lock(&mu_);
    open_.insert(std::string(machine_id));
    return absl::OkStatus();
  }
  void Close(absl::string_view machine_id) override {
    absl::MutexLock lock(&mu_);
    open_.erase(std::string(machine_id));
  }
  // As the end of their process does.
  void CloseAll() {
    absl::MutexLock lock(&mu_);
    open_.clear();
  }
  bool IsOpen(const std::string& machine_id) const {
    absl::MutexLock lock(&mu_);
    return open_.contains(machine_id);
  }

 private:
  mutable absl::Mutex mu_;
  std::set<std::string> open_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tests

#endif  // TESTS_SUPERVISOR_RECORDED_SOCKETS_H_
