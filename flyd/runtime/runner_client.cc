#include "flyd/runtime/runner_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "flyd/runtime/boot_files.h"

namespace flyd {
namespace {

using Clock = std::chrono::steady_clock;

// How often it is asked whether the caller is still there.
constexpr std::chrono::milliseconds kLook(200);

absl::Status Errno(absl::string_view subject) {
  return absl::UnavailableError(absl::StrCat("runner: ", subject, ": ", strerror(errno)));
}

// By way of the directory's descriptor, for a socket's path has at most 107 bytes and the directory's may have more.
absl::StatusOr<int> Connect(const std::string& directory) {
  const int place = open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (place < 0) return Errno(directory);
  absl::Cleanup close_place = [place] { close(place); };
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return Errno("socket");
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = absl::StrCat("/proc/self/fd/", place, "/", kControlSocket);
  memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  absl::Status failed = Errno(kControlSocket);
  close(fd);
  return failed;
}

struct Patience {
  Clock::time_point until;
  const std::function<bool()>& is_given_up;
};

absl::Status AwaitReady(int fd, short events, const Patience& patience) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(patience.until - Clock::now());
    if (left.count() <= 0) return absl::UnavailableError("runner: silent until the deadline, want its reply");
    if (patience.is_given_up != nullptr && patience.is_given_up()) return absl::CancelledError("exec: given up");
    pollfd ready = {fd, events, 0};
    const auto slice = patience.is_given_up == nullptr ? left : std::min(left, kLook);
    const int polled = poll(&ready, 1, static_cast<int>(slice.count()));
    if (polled > 0) return absl::OkStatus();
    if (polled < 0 && errno != EINTR) return Errno("poll");
  }
}

absl::Status SendLine(int fd, absl::string_view line, const Patience& patience) {
  while (!line.empty()) {
    if (absl::Status ready = AwaitReady(fd, POLLOUT, patience); !ready.ok()) return ready;
    const ssize_t sent = send(fd, line.data(), line.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (sent < 0) return Errno("send");
    line.remove_prefix(static_cast<size_t>(sent));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReceiveLine(int fd, const Patience& patience) {
  std::string line;
  char chunk[16 * 1024];
  while (line.empty() || line.back() != '\n') {
    if (absl::Status ready = AwaitReady(fd, POLLIN, patience); !ready.ok()) return ready;
    const ssize_t got = recv(fd, chunk, sizeof chunk, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return Errno("receive");
    if (got == 0) return absl::UnavailableError("runner: closed before its reply, want it");
    line.append(chunk, static_cast<size_t>(got));
    if (line.size() > kMaxControlLine) return absl::UnavailableError("runner: reply without end, want a line");
  }
  return line;
}

}  // namespace

absl::StatusOr<ExecResult> CallRunner(const std::string& directory, const ControlRequest& request,
                                      absl::Duration timeout) {
  const Patience patience = {Clock::now() + absl::ToChronoMilliseconds(timeout), request.exec.is_given_up};
  absl::StatusOr<int> fd = Connect(directory);
  if (!fd.ok()) return fd.status();
  absl::Cleanup closer = [fd] { close(*fd); };
  if (absl::Status sent = SendLine(*fd, EncodeControlRequest(request), patience); !sent.ok()) return sent;
  absl::StatusOr<std::string> line = ReceiveLine(*fd, patience);
  if (!line.ok()) return line.status();
  return DecodeControlReply(*line);
}

}  // namespace flyd
