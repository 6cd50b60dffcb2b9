// What a workload can do to init: nothing but harm itself.
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "flyd/runtime/runtime.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/eventually.h"
#include "tests/identity/identity_fixture.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

using testing::HasSubstr;

class InitResourcesTest : public IdentityTest {
 protected:
  // Open descriptors of the machine's PID 1; -1 where the host does not let us look.
  int Descriptors() {
    const absl::StatusOr<flyd::RunningBoot> running = runtime_->Start(Spec());
    if (!running.ok()) return -1;
    std::error_code error;
    const std::filesystem::directory_iterator entries(absl::StrCat("/proc/", running->init_pid, "/fd"), error);
    return error ? -1 : static_cast<int>(std::distance(entries, std::filesystem::directory_iterator()));
  }
  // Runs a Python program inside and waits for its "done".
  bool RunPython(const std::string& program) {
    const absl::StatusOr<flyd::ExecResult> result =
        runtime_->Exec(kMachine, kBoot, {.command = {"python3", "-c", program}, .timeout = absl::Minutes(4)});
    EXPECT_THAT(result.status(), IsOk());
    if (!result.ok()) return false;
    EXPECT_THAT(result->stdout_bytes, HasSubstr("done")) << result->stderr_bytes;
    return result->exit_code == 0;
  }
  // The socket answers, the token is replaced, and an exec runs.
  void ExpectWell() {
    const absl::StatusOr<flyd::ExecResult> result = runtime_->Exec(
        kMachine, kBoot,
        {.command = {"curl", "-s", "--max-time", "25", "--unix-socket", "/.fly/api", "-X", "POST", "--data", "{}",
                     "http://localhost/v1/tokens/oidc"}});
    ASSERT_THAT(result.status(), IsOk());
    EXPECT_THAT(result->stdout_bytes, HasSubstr("_end"));
    const int before = minted();
    EXPECT_TRUE(Eventually([&] { return minted() > before; })) << "the token file is not kept any more";
  }
};

constexpr char kSocket[] = R"(
import socket, sys
def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect('/.fly/api')
    s.settimeout(30)
    return s
def answer(s):
    head = b''
    while b'\r\n\r\n' not in head:
        more = s.recv(65536)
        if not more: return head
        head += more
    return head
GET = b'GET /v1/x HTTP/1.1\r\nHost: x\r\n\r\n'
)";

TEST_F(InitResourcesTest, TenThousandRequestsLeaveNoDescriptorOpen) {
  SetLifetime(absl::Seconds(600));
  ASSERT_TRUE(Start(Boot("echo ready; sleep 1000", {{"AWS_ROLE_ARN", "arn"}})));
  ASSERT_TRUE(AwaitOutput("ready"));
  ASSERT_TRUE(flyd_->Await("/boot/events", 1));
  const int before = Descriptors();
  if (before < 0) GTEST_SKIP() << "PID 1 is not dumpable, and only root sees its descriptors";
  ASSERT_TRUE(RunPython(absl::StrCat(kSocket, R"(
for i in range(2000):
    s = connect()
    for j in range(5):
        s.sendall(GET)
        if not answer(s).startswith(b'HTTP/1.1 204'): sys.exit('no answer')
    s.close()
print('done')
)")));
  EXPECT_EQ(flyd_->Seen("/v1/x").size(), 10'000u);
  EXPECT_TRUE(Eventually([&] { return Descriptors() <= before; })) << Descriptors() << ", before " << before;
}

TEST_F(InitResourcesTest, ConnectionsThatAreClosedFloodedOrHalfWrittenHarmOnlyTheirOwner) {
  SetLifetime(absl::Seconds(2));
  ASSERT_TRUE(Start(Boot("echo ready; sleep 1000", {{"AWS_ROLE_ARN", "arn"}})));
  ASSERT_TRUE(AwaitOutput("ready"));
  const int before = Descriptors();
  ASSERT_TRUE(RunPython(absl::StrCat(kSocket, R"(
held = []
for i in range(200):  # says half of something and stays
    s = connect(); s.sendall(GET[:i % len(GET)]); held.append(s)
for s in held: s.close()
for i in range(200):  # goes before the answer
    s = connect(); s.sendall(GET); s.close()
for i in range(50):   # sends more than is ever read
    s = connect()
    try:
        for j in range(100): s.sendall(b'POST /v1/x HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n' + b'a' * 65536)
    except OSError: pass
    s.close()
for i in range(50):   # asks without end and reads nothing
    s = connect(); s.setblocking(False)
    try:
        while True: s.send(GET * 100)
    except OSError: pass
    held.append(s)
for s in held: s.close()
print('done')
)")));
  ExpectWell();
  EXPECT_TRUE(before < 0 || Eventually([&] { return Descriptors() <= before + 2; }))
      << Descriptors() << ", before " << before;
}

TEST_F(InitResourcesTest, AForkStormOfTenThousandOrphansLeavesNoZombie) {
  ASSERT_TRUE(Start(Boot("echo ready; sleep 1000", {})));
  ASSERT_TRUE(AwaitOutput("ready"));
  ASSERT_TRUE(RunPython(R"(
import os, sys, time
made = 0
for i in range(1000):
    parent = os.fork()
    if parent == 0:
        for j in range(10):
            if os.fork() == 0: os._exit(0)
        os._exit(0)  # its ten are orphans now
    os.waitpid(parent, 0)
    made += 10
def zombies():
    count = 0
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try: count += open('/proc/%s/stat' % pid).read().rpartition(')')[2].split()[0] == 'Z'
        except OSError: pass
    return count
end = time.monotonic() + 30
while zombies() and time.monotonic() < end: time.sleep(0.01)
if zombies(): sys.exit('%d zombies of %d orphans' % (zombies(), made))
print('done', made)
)"));
}

}  // namespace
}  // namespace tests
