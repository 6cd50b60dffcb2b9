#include "flyd/service_manager/service_manager.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using tests::IsOk;
using tests::StatusIs;

// What systemd is on its end of the socket.
class ServiceManagerTest : public testing::Test {
 protected:
  ServiceManagerTest() : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    const std::string path = folder_.path() + "/notify";
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~ServiceManagerTest() override {
    for (const char* name : {"NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
  }

  // The next message and the descriptor that came with it; "": none has come.
  std::pair<std::string, OpenFile> Heard() {
    char text[512];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    iovec into = {.iov_base = text, .iov_len = sizeof text};
    msghdr header = {};
    header.msg_iov = &into;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t size = recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
    if (size < 0) return {};
    int descriptor = -1;
    if (const cmsghdr* rights = CMSG_FIRSTHDR(&header)) std::memcpy(&descriptor, CMSG_DATA(rights), sizeof descriptor);
    return {std::string(text, static_cast<size_t>(size)), OpenFile(descriptor)};
  }

  tests::ScratchFolder folder_;
  OpenFile socket_;
};

TEST_F(ServiceManagerTest, WhatIsKeptComesWithItsName) {
  ServiceManager manager = ServiceManager::FromEnvironment();
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  OpenFile reads(ends[0]);
  OpenFile writes(ends[1]);
  EXPECT_THAT(manager.Keep("148e21ea7e46e8", reads.get()), IsOk());
  const auto [message, kept] = Heard();
  EXPECT_EQ(message, "FDSTORE=1\nFDNAME=148e21ea7e46e8\nFDPOLL=0");
  ASSERT_EQ(write(writes.get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(read(kept.get(), &byte, 1), 1) << "the descriptor that came is not the one that was kept";
}

TEST_F(ServiceManagerTest, HearsWhatItIsTold) {
  ServiceManager manager = ServiceManager::FromEnvironment();
  manager.TellReady();
  manager.Forget("148e21ea7e46e8");
  manager.TellStopping();
  EXPECT_EQ(Heard().first, "READY=1");
  EXPECT_EQ(Heard().first, "FDSTOREREMOVE=1\nFDNAME=148e21ea7e46e8");
  EXPECT_EQ(Heard().first, "STOPPING=1");
}

TEST_F(ServiceManagerTest, ChildrenFindNoneOfItsVariables) {
  setenv("LISTEN_PID", absl::StrCat(getpid()).c_str(), 1);
  setenv("LISTEN_FDS", "0", 1);
  setenv("LISTEN_FDNAMES", "", 1);
  const ServiceManager manager = ServiceManager::FromEnvironment();
  for (const char* name : {"NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
    EXPECT_EQ(getenv(name), nullptr) << name;
  }
}

// In a process of its own, whose descriptors from 3 on it may use up.
[[noreturn]] void TakeAsAChildWould(bool meant) {
  const int null = open("/dev/null", O_RDWR);
  for (const int descriptor : {3, 4}) {
    if (null != descriptor) dup2(null, descriptor);
  }
  setenv("LISTEN_PID", absl::StrCat(meant ? getpid() : 1).c_str(), 1);
  setenv("LISTEN_FDS", "2", 1);
  setenv("LISTEN_FDNAMES", "one:two", 1);
  ServiceManager manager = ServiceManager::FromEnvironment();
  const OpenFile one = manager.Take("one");
  const bool again = manager.Take("one").is_open();
  manager.ForgetUntaken();
  const bool closed = fcntl(4, F_GETFD) == -1;
  const bool inherited = one.is_open() && (fcntl(one.get(), F_GETFD) & FD_CLOEXEC) == 0;
  _exit((one.get() == 3 ? 1 : 0) | (again ? 2 : 0) | (closed ? 4 : 0) | (inherited ? 8 : 0));
}

TEST_F(ServiceManagerTest, DescriptorsOfTheLastProcessAreFoundByNameOnceAndTheOthersAreForgotten) {
  EXPECT_EXIT(TakeAsAChildWould(true), testing::ExitedWithCode(1 | 4), "");
  EXPECT_EQ(Heard().first, "FDSTOREREMOVE=1\nFDNAME=two");
}

TEST_F(ServiceManagerTest, DescriptorsThatAreMeantForAnotherProcessAreLeftAlone) {
  EXPECT_EXIT(TakeAsAChildWould(false), testing::ExitedWithCode(0), "");
}

TEST_F(ServiceManagerTest, WhoIsGoneIsNamedAndNobodyIsWaitedFor) {
  ServiceManager manager = ServiceManager::FromEnvironment();
  socket_ = OpenFile();
  const absl::Status kept = manager.Keep("148e21ea7e46e8", 0);
  EXPECT_THAT(kept, StatusIs(absl::StatusCode::kUnavailable, testing::HasSubstr("want it to take FDSTORE")));
  manager.TellReady();
}

TEST(ServiceManagerAbsentTest, WithoutOneEverythingIsAnsweredAndNothingIsKept) {
  unsetenv("NOTIFY_SOCKET");
  ServiceManager manager = ServiceManager::FromEnvironment();
  EXPECT_THAT(manager.Keep("148e21ea7e46e8", 0), IsOk());
  EXPECT_FALSE(manager.Take("148e21ea7e46e8").is_open());
  manager.TellReady();
}

}  // namespace
}  // namespace flyd
