#include "flyd/runtime/exit_watcher.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "flyd/runtime/read_boot_exit.h"
#include "flyd/runtime/runtime.h"
#include "tokensvc/clock.h"

namespace flyd {

ExitWatcher::ExitWatcher(const tokensvc::Clock& clock, ExitSink sink)
    : clock_(clock), sink_(std::move(sink)), epoll_(epoll_create1(EPOLL_CLOEXEC)), stop_(eventfd(0, EFD_CLOEXEC)) {
  epoll_event event = {.events = EPOLLIN, .data = {.fd = stop_}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, stop_, &event);
  thread_ = std::thread([this] { Run(); });
}

ExitWatcher::~ExitWatcher() {
  eventfd_write(stop_, 1);
  thread_.join();
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [pidfd, boot] : boots_) close(pidfd);
  }
  close(stop_);
  close(epoll_);
}

absl::Status ExitWatcher::Follow(absl::string_view machine_id, absl::string_view boot_id, const std::string& directory,
                                 int pidfd) {
  absl::MutexLock lock(&mu_);
  for (const auto& [other, boot] : boots_) {
    if (boot.machine_id == machine_id && boot.boot_id == boot_id) {
      close(pidfd);
      return absl::OkStatus();
    }
  }
  epoll_event event = {.events = EPOLLIN, .data = {.fd = pidfd}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, pidfd, &event) != 0) {
    const int error = errno;
    close(pidfd);
    return absl::UnavailableError(absl::StrCat("epoll: ", strerror(error)));
  }
  boots_[pidfd] = Boot{std::string(machine_id), std::string(boot_id), directory, pidfd};
  return absl::OkStatus();
}

void ExitWatcher::Run() {
  for (;;) {
    epoll_event event;
    const int ready = epoll_wait(epoll_, &event, 1, -1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0 || event.data.fd == stop_) return;
    End(event.data.fd);
  }
}

void ExitWatcher::End(int pidfd) {
  Boot boot;
  {
    absl::MutexLock lock(&mu_);
    const auto found = boots_.find(pidfd);
    if (found == boots_.end()) return;
    boot = std::move(found->second);
    boots_.erase(found);
    epoll_ctl(epoll_, EPOLL_CTL_DEL, pidfd, nullptr);
    close(pidfd);
  }
  sink_(boot.machine_id, boot.boot_id, ReadBootExit(boot.directory, clock_.Now()));
}

}  // namespace flyd
