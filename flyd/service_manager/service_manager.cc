#include "flyd/service_manager/service_manager.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace flyd {
namespace {

constexpr int kFirstDescriptor = 3;  // SD_LISTEN_FDS_START
constexpr int kMostDescriptors = 65536;

std::string TakeVariable(const char* name) {
  const char* value = std::getenv(name);
  std::string taken = value == nullptr ? "" : value;
  unsetenv(name);
  return taken;
}

// Not open where there is nobody to talk to.
OpenFile ConnectTo(const std::string& path) {
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() < 2 || path.size() >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) return OpenFile();
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path[0] == '@') address.sun_path[0] = '\0';  // in the abstract name space
  OpenFile socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (!socket.is_open() || connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) return OpenFile();
  return socket;
}

}  // namespace

ServiceManager::ServiceManager(ServiceManager&& other) noexcept : socket_(std::move(other.socket_)) {
  absl::MutexLock lock(&other.mu_);
  kept_ = std::move(other.kept_);
}

ServiceManager ServiceManager::FromEnvironment() {
  ServiceManager manager;
  manager.socket_ = ConnectTo(TakeVariable("NOTIFY_SOCKET"));
  int pid = 0;
  int count = 0;
  const bool ours = absl::SimpleAtoi(TakeVariable("LISTEN_PID"), &pid) && pid == getpid();
  const bool some = absl::SimpleAtoi(TakeVariable("LISTEN_FDS"), &count) && count > 0 && count <= kMostDescriptors;
  const std::vector<std::string> names = absl::StrSplit(TakeVariable("LISTEN_FDNAMES"), ':');
  if (!ours || !some) return manager;
  absl::MutexLock lock(&manager.mu_);
  for (int i = 0; i < count; ++i) {
    OpenFile descriptor(kFirstDescriptor + i);
    if (fcntl(descriptor.get(), F_SETFD, FD_CLOEXEC) != 0 || static_cast<size_t>(i) >= names.size()) continue;
    // Of two of one name the later was kept last.
    manager.kept_.insert_or_assign(names[static_cast<size_t>(i)], std::move(descriptor));
  }
  return manager;
}

OpenFile ServiceManager::Take(absl::string_view name) {
  absl::MutexLock lock(&mu_);
  const auto found = kept_.find(name);
  if (found == kept_.end()) return OpenFile();
  OpenFile taken = std::move(found->second);
  kept_.erase(found);
  return taken;
}

absl::Status ServiceManager::Keep(absl::string_view name, int descriptor) {
  // FDPOLL=0: a listening socket is held whatever poll says of it.
  return Send(absl::StrCat("FDSTORE=1\nFDNAME=", name, "\nFDPOLL=0"), descriptor);
}

void ServiceManager::Forget(absl::string_view name) {
  Take(name);
  // Where it stays kept, the next flyd forgets it (ForgetUntaken).
  Send(absl::StrCat("FDSTOREREMOVE=1\nFDNAME=", name), -1).IgnoreError();
}

void ServiceManager::ForgetUntaken() {
  std::vector<std::string> names;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [name, descriptor] : kept_) names.push_back(name);
  }
  for (const std::string& name : names) Forget(name);
}

// Nothing hangs on whether they are heard.
void ServiceManager::TellReady() { Send("READY=1", -1).IgnoreError(); }
void ServiceManager::TellStopping() { Send("STOPPING=1", -1).IgnoreError(); }

absl::Status ServiceManager::Send(const std::string& message, int descriptor) const {
  if (!socket_.is_open()) return absl::OkStatus();
  iovec text = {.iov_base = const_cast<char*>(message.data()), .iov_len = message.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header = {};
  header.msg_iov = &text;
  header.msg_iovlen = 1;
  if (descriptor >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
  }
  while (sendmsg(socket_.get(), &header, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) {
      return absl::UnavailableError(absl::StrCat("service manager: ", std::strerror(errno), ", want it to take ",
                                                 message.substr(0, message.find('='))));
    }
  }
  return absl::OkStatus();
}

}  // namespace flyd
