// init as the first process of a machine that somebody else isolates: a container's, and a virtual machine's over vsock.
// In namespaces of a kernel that is nobody's host; vm_test runs it.
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/fakes/eventually.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/init/fake_flyd.h"

namespace tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr unsigned kPort = 1024;

// What a hypervisor does: each connection to the port becomes one to the machine's socket on the host.
class VsockRelay {
 public:
  explicit VsockRelay(std::string socket) : socket_(std::move(socket)) {
    sockaddr_vm address = {};
    address.svm_family = AF_VSOCK;
    address.svm_cid = VMADDR_CID_ANY;
    address.svm_port = kPort;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_, 16), 0);
    thread_ = std::thread([this] { Run(); });
  }
  ~VsockRelay() {
    EXPECT_EQ(write(stop_[1], "s", 1), 1);
    thread_.join();
    for (const int fd : {listener_, stop_[0], stop_[1]}) close(fd);
  }

 private:
  void Run() {
    std::map<int, int> other_end;
    for (;;) {
      std::vector<pollfd> ready = {{stop_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const auto& [one, other] : other_end) ready.push_back({one, POLLIN, 0});
      poll(ready.data(), ready.size(), -1);
      if (ready[0].revents != 0) break;
      if (ready[1].revents != 0) {
        const int guest = accept(listener_, nullptr, nullptr);
        const int host = Connect();
        other_end[guest] = host;
        other_end[host] = guest;
      }
      for (size_t i = 2; i < ready.size(); ++i) {
        const auto found = ready[i].revents == 0 ? other_end.end() : other_end.find(ready[i].fd);
        if (found == other_end.end() || Pass(found->first, found->second)) continue;
        const int one = found->first;
        const int other = found->second;
        for (const int end : {one, other}) {
          other_end.erase(end);
          close(end);
        }
      }
    }
    for (const auto& [one, other] : other_end) close(one);
  }

  int Connect() const {
    const int host = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    socket_.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(connect(host, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return host;
  }

  static bool Pass(int from, int to) {
    char chunk[4096];
    const ssize_t got = read(from, chunk, sizeof chunk);
    return got > 0 && write(to, chunk, static_cast<size_t>(got)) == got;
  }

  static std::array<int, 2> Pipe() {
    std::array<int, 2> ends;
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    return ends;
  }

  const std::string socket_;
  const int listener_ = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const std::array<int, 2> stop_ = Pipe();
  std::thread thread_;
};

class GuestTest : public testing::Test {
 protected:
  // The machine's program is `script`, whose token file is wanted too.
  void Serve(const std::string& script) {
    const nlohmann::json boot = {
        {"boot_id", std::string(32, 'b')},
        {"macaroon", "FlyV1 fm2_secret"},
        {"machine", {{"id", "148e21f0c12345"}, {"name", "m1"}, {"app", "web"}, {"organization", "acme"}, {"region", "yyz"},
                     {"version", "01HZ"}, {"image", "vm"}, {"image_digest", "sha256:00"}}},
        {"run", {{"command", {"/bin/sh", "-c", script}}, {"env", nlohmann::json::object()}, {"user", ""}, {"working_dir", ""}}},
        {"identity", {{"required", false}, {"socket_mode", "0600"}, {"aws_principal_tags", false}}},
        {"stop", {{"signal", "SIGINT"}, {"timeout_seconds", 5}}}};
    flyd_ = std::make_unique<FakeFlyd>(folder_.path(), [boot](const SeenRequest& request) -> FakeAnswer {
      if (request.target == "/boot") return {200, boot.dump()};
      if (request.target == "/v1/tokens/oidc") return {200, "a.b.c"};
      return {204, ""};
    });
  }

  // init as process 1 of namespaces of its own, its output in a file.
  void Launch(const std::string& address) {
    pid_ = static_cast<pid_t>(syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | SIGCHLD, nullptr, nullptr, nullptr, 0));
    ASSERT_GE(pid_, 0);
    if (pid_ > 0) return;
    mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    mount("proc", "/proc", "proc", 0, nullptr);
    freopen(Out().c_str(), "w", stdout);
    dup2(STDOUT_FILENO, STDERR_FILENO);
    execl("flyd/init/init", "init", "guest", address.c_str(), nullptr);
    _exit(99);
  }

  int AwaitEnd() {
    int status = 0;
    waitpid(pid_, &status, 0);
    return status;
  }
  std::string Out() const { return folder_.path() + "/out"; }
  std::string Output() const {
    std::ifstream file(Out());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // The types of what init reported, and of the last report its code and signal.
  std::vector<std::string> Reported() const {
    std::vector<std::string> said;
    for (const SeenRequest& request : flyd_->Seen("/boot/events")) {
      const nlohmann::json event = nlohmann::json::parse(request.body);
      std::string one = event["type"];
      if (event.contains("exit_code")) absl::StrAppend(&one, " ", event["exit_code"].dump(), " ", event["signal"].dump());
      said.push_back(one);
    }
    return said;
  }

  ScratchFolder folder_;
  std::unique_ptr<FakeFlyd> flyd_;
  pid_t pid_ = 0;
};

constexpr char kAsks[] =
    "echo host $(hostname); curl -s --unix-socket /.fly/api -X POST http://x/v1/tokens/oidc; echo; "
    "tr '\\0' ' ' < /proc/1/cmdline; echo; cat /proc/1/environ 2>&1 | head -c 40; exit 7";

TEST_F(GuestTest, OfAContainerRunsTheProgramWithItsIdentityAndItsCode) {
  Serve(kAsks);
  Launch("unix:" + folder_.path());
  const int status = AwaitEnd();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_THAT(Output(), HasSubstr("host m1\na.b.c\n"));
  EXPECT_THAT(Output(), HasSubstr("Permission denied")) << "init can be read";
  EXPECT_THAT(Reported(), ElementsAre("started", "exiting 7 0"));
  EXPECT_EQ(flyd_->Seen("/boot").size(), 1u);
}

TEST_F(GuestTest, PassesOnTheSignalsThatProcessOneIsSent) {
  Serve("trap 'exit 9' TERM; echo ready; sleep 1000 & wait");
  Launch("unix:" + folder_.path());
  ASSERT_TRUE(Eventually([this] { return Output().find("ready") != std::string::npos; }));
  ASSERT_EQ(kill(pid_, SIGTERM), 0);
  EXPECT_EQ(WEXITSTATUS(AwaitEnd()), 9);
  EXPECT_THAT(Reported(), ElementsAre("started", "exiting 9 0"));
}

TEST_F(GuestTest, OfAVirtualMachineSpeaksOverVsockAndEndsByAReboot) {
  Serve(kAsks);
  const VsockRelay relay(folder_.path() + "/api.sock");
  Launch(absl::StrCat("vsock:", VMADDR_CID_LOCAL, ":", kPort));
  const int status = AwaitEnd();
  EXPECT_TRUE(WIFSIGNALED(status)) << status << Output();
  EXPECT_EQ(WTERMSIG(status), SIGHUP) << "what a reboot is to a namespace of processes";
  EXPECT_THAT(Output(), HasSubstr("host m1\na.b.c\n"));
  EXPECT_THAT(Reported(), ElementsAre("started", "exiting 7 0"));
}

TEST_F(GuestTest, IsNothingButTheFirstProcess) {
  const int status = system(absl::StrCat("flyd/init/init guest unix:", folder_.path(), " 2> ", Out()).c_str());
  EXPECT_EQ(WEXITSTATUS(status), 125);
  EXPECT_THAT(Output(), HasSubstr("want to be process 1 of the machine"));
}

}  // namespace
}  // namespace tests
