#ifndef FLYD_SERVICE_MANAGER_SERVICE_MANAGER_H_
#define FLYD_SERVICE_MANAGER_SERVICE_MANAGER_H_

#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "flyd/files/open_file.h"

namespace flyd {

// What started flyd, where it speaks systemd's protocols: it hears when flyd is ready (sd_notify(3)) and holds descriptors
// from one flyd to the next (FDSTORE=1, sd_listen_fds(3)). So a machine's socket takes connections while no flyd runs, and
// the next one answers them.
//
// Without one (no NOTIFY_SOCKET) nobody hears and nothing is held: sockets are made anew. Thread-safe.
class ServiceManager {
 public:
  // Takes the variables out of the environment, so that no child believes they are meant for it. Once a process, before
  // it has threads.
  static ServiceManager FromEnvironment();

  // With no file behind it: nobody hears, nothing is held.
  ServiceManager() = default;
  ServiceManager(ServiceManager&& other) noexcept;

  // A descriptor that was kept under the name by a flyd before; not open: there is none. It is kept on.
  OpenFile Take(absl::string_view name) ABSL_LOCKS_EXCLUDED(mu_);

  // Keeps a duplicate of the descriptor for a flyd to come; one of that name should have been forgotten before. `name`: at
  // most 255 printable bytes without a colon. Unavailable: it cannot be kept, and the next flyd has to do without.
  absl::Status Keep(absl::string_view name, int descriptor);

  void Forget(absl::string_view name) ABSL_LOCKS_EXCLUDED(mu_);

  // Forgets what no Take has asked for: of what is gone.
  void ForgetUntaken() ABSL_LOCKS_EXCLUDED(mu_);

  void TellReady();
  void TellStopping();

 private:
  absl::Status Send(const std::string& message, int descriptor) const;

  OpenFile socket_;  // connected to NOTIFY_SOCKET
  absl::Mutex mu_;
  std::map<std::string, OpenFile, std::less<>> kept_ ABSL_GUARDED_BY(mu_);
};

}  // namespace flyd

#endif  // FLYD_SERVICE_MANAGER_SERVICE_MANAGER_H_
