// What root inside a machine tries against its host, against init and against other machines: each harms only itself.
#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flyd/runtime/runtime.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/init/fake_flyd.h"
#include "tests/init/machine_fixture.h"

namespace tests {
namespace {

using testing::HasSubstr;

// What the attacks share: attempt(NAME, …) says what a call of libc came to.
constexpr char kPrelude[] = R"(
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, *arguments):
    result = getattr(libc, name)(*arguments)
    print(name, 'DONE' if result >= 0 else os.strerror(ctypes.get_errno()), flush=True)
)";

class EscapeTest : public MachineTest {
 protected:
  // Runs the attack to its end; what it printed. The machine ends as it wants to, and so init lived.
  std::string Attack(absl::string_view python) {
    nlohmann::json answer = BootAnswer("");
    answer["run"]["command"] = {"/usr/bin/python3", "-c", absl::StrCat(kPrelude, python)};
    const flyd::BootExit exit = Run(answer);
    EXPECT_EQ(exit.exit_code, 0) << Errors();
    EXPECT_EQ(exit.error, "");
    EXPECT_EQ(flyd_->Seen("/boot").size(), 1u);
    return Output();
  }
};

TEST_F(EscapeTest, NothingIsMounted) {
  const std::string said = Attack(R"(
attempt('mount', b'none', b'/mnt', b'tmpfs', 0, None)
attempt('mount', b'/', b'/mnt', None, 4096, None)
attempt('mount', b'proc', b'/mnt', b'proc', 0, None)
attempt('umount2', b'/proc/sys', 2)
attempt('syscall', 155, b'/', b'/')        # pivot_root
attempt('syscall', 428, -100, b'/', 1)     # open_tree
attempt('syscall', 430, b'tmpfs', 0)       # fsopen
attempt('syscall', 442, -100, b'/', 0, 0, 0)
attempt('unshare', 0x10000000)
attempt('unshare', 0x20000)
attempt('syscall', 56, 0x10000011, 0, 0, 0, 0)  # clone with a user namespace
attempt('syscall', 435, 0, 0)              # clone3, whose flags nobody can see
)");
  EXPECT_THAT(said, testing::Not(HasSubstr("DONE")));
  EXPECT_THAT(said, HasSubstr("mount Operation not permitted"));
  EXPECT_THAT(said, HasSubstr("unshare Operation not permitted"));
  EXPECT_THAT(said, testing::EndsWith("syscall Operation not permitted\nsyscall Function not implemented\n"));
}

TEST_F(EscapeTest, InitIsNotTraced) {
  const std::string said = Attack(R"(
attempt('ptrace', 16, 1, 0, 0)
attempt('ptrace', 0x4206, 1, 0, 0)
attempt('syscall', 312, 1, os.getpid(), 0, 0, 0)  # kcmp
attempt('syscall', 438, os.pidfd_open(1), 3, 0)   # pidfd_getfd
buffer = ctypes.create_string_buffer(16)
vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 16)
remote = (ctypes.c_void_p * 2)(0x400000, 16)
attempt('process_vm_readv', 1, vector, 1, remote, 1, 0)
attempt('process_vm_writev', 1, vector, 1, remote, 1, 0)
)");
  EXPECT_THAT(said, testing::Not(HasSubstr("DONE")));
  EXPECT_THAT(said, HasSubstr("ptrace Operation not permitted"));
}

TEST_F(EscapeTest, NoDeviceIsMade) {
  const std::string said = Attack(R"(
for mode, device in [(0o60666, os.makedev(254, 0)), (0o20666, os.makedev(1, 1)), (0o20666, os.makedev(1, 3))]:
    try:
        os.mknod('/tmp/device', mode, device)
        print('MADE', oct(mode))
        os.unlink('/tmp/device')
    except OSError as error: print('refused', error.errno)
os.mkfifo('/tmp/pipe')
print(sorted(os.listdir('/dev')))
)");
  EXPECT_THAT(said, testing::Not(HasSubstr("MADE")));
  EXPECT_THAT(said, HasSubstr("['fd', 'full', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', "
                              "'urandom', 'zero']"));
}

TEST_F(EscapeTest, InitsMemoryAndRootAreClosed) {
  const std::string said = Attack(R"(
for path in ['/proc/1/mem', '/proc/1/environ', '/proc/1/maps', '/proc/1/root', '/proc/1/cwd/etc', '/proc/1/fd/3',
             '/proc/1/exe', '/proc/1/map_files', '/proc/kcore', '/proc/sysrq-trigger', '/proc/sys/kernel/core_pattern']:
    for flags in (os.O_RDONLY, os.O_RDWR):
        try:
            descriptor = os.open(path, flags)
            data = os.read(descriptor, 16) if not os.path.isdir(path) else b'?'
            print('OPEN' if data and flags == os.O_RDWR or data and 'core_pattern' not in path else 'empty', path, flags)
        except OSError as error: print('refused', path, error.errno)
)");
  EXPECT_THAT(said, testing::Not(HasSubstr("OPEN")));
  EXPECT_THAT(said, HasSubstr("refused /proc/1/mem"));
}

TEST_F(EscapeTest, WhatOfProcTellsOrChangesTheHostIsCoveredOrReadOnly) {
  const std::string said = Attack(R"(
null = os.stat('/dev/null').st_rdev
for name in ['acpi', 'asound', 'interrupts', 'kcore', 'keys', 'latency_stats', 'sched_debug', 'scsi', 'timer_list', 'timer_stats']:
    path = '/proc/' + name
    if not os.path.lexists(path): continue
    covered = not os.listdir(path) if os.path.isdir(path) else os.lstat(path).st_rdev == null
    print('covered' if covered else 'OPEN ' + name)
for name in ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger']:
    path = '/proc/' + name
    if not os.path.exists(path): continue
    print('read only' if os.statvfs(path).f_flag & os.ST_RDONLY else 'WRITABLE ' + name)
)");
  EXPECT_THAT(said, HasSubstr("covered\n"));
  EXPECT_THAT(said, HasSubstr("read only\n"));
  EXPECT_THAT(said, testing::Not(testing::AnyOf(HasSubstr("OPEN"), HasSubstr("WRITABLE"))));
}

TEST_F(EscapeTest, SignalsReachNothingButTheMachinesOwn) {
  const std::string said = Attack(R"(
import signal, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV):
    os.kill(1, number)
child = os.fork()
if child == 0:
    signal.pause()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.kill(-1, signal.SIGTERM)  # all that it can reach
print('child ended by', os.waitpid(child, 0)[1])
print('processes', sorted(int(p) for p in os.listdir('/proc') if p.isdigit()))
)");
  EXPECT_THAT(said, HasSubstr("child ended by 15"));
  EXPECT_THAT(said, HasSubstr("processes [1, 2]"));
}

TEST_F(EscapeTest, AForkBombFillsItsOwnMachineAlone) {
  if (IsRootless()) return;  // the machine's processes are the user's: the user's own limit holds
  const std::string said = Attack(R"(
import signal
forks = 0
try:
    while forks < 6000:
        if os.fork() == 0: signal.pause()
        forks += 1
except BlockingIOError: print('full')
print('forks', forks < 4100)
)");
  EXPECT_EQ(said, "full\nforks True\n");
}

TEST_F(EscapeTest, WhoTakesTheHostsMemoryIsTheFirstToEnd) {
  const std::string said = Attack(R"(
print(open('/proc/self/oom_score_adj').read(), end='')
try:
    os.write(os.open('/proc/self/oom_score_adj', os.O_WRONLY), b'-1000')
    print('LOWERED')
except OSError as error: print('refused', error.errno)
)");
  EXPECT_EQ(said, "500\nrefused 13\n");
}

TEST_F(EscapeTest, WhoFillsTmpFillsABoundedPlaceOfItsOwn) {
  const std::string said = Attack(R"(
total = 0
try:
    with open('/tmp/full', 'wb', buffering=0) as file:
        while total < 400 << 20: total += file.write(bytes(1 << 20))
except OSError as error: print('full', error.errno)
os.unlink('/tmp/full')
print(total <= 256 << 20)
)");
  EXPECT_EQ(said, "full 28\nTrue\n");
}

TEST_F(EscapeTest, WhoFillsFlyDoesNotStopTheSocket) {
  const std::string said = Attack(R"(
try:
    with open('/.fly/full', 'wb') as file: file.write(bytes(4 << 20))
except OSError as error: print('full', error.errno)
connection = socket.socket(socket.AF_UNIX)
connection.connect('/.fly/api')
connection.sendall(b'GET /v1/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
print(connection.recv(64).split(b' ')[1].decode())
)");
  EXPECT_EQ(said, "full 28\n204\n");
}

TEST_F(EscapeTest, WhoFillsTheLogKeepsTheNewestAlone) {
  Attack(R"(
line = b'x' * 1023 + b'\n'
for _ in range(64 << 10): os.write(1, line)
)");
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(BootDirectory())) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  EXPECT_LE(bytes, 21u << 20);
  EXPECT_GE(bytes, 10u << 20);
}

TEST_F(EscapeTest, TheHypervisorsSocketsAreClosed) {
  const std::string said = Attack(R"(
try:
    socket.socket(40, socket.SOCK_STREAM)
    print('OPEN')
except OSError as error: print('refused', error.errno)
)");
  EXPECT_EQ(said, "refused 1\n");
}

TEST_F(EscapeTest, TheKernelsKeysProgramsAndClockAreClosed) {
  const std::string said = Attack(R"(
attempt('syscall', 248, b'user', b'a', b'b', 1, -3)  # add_key
attempt('syscall', 250, 0, 0)                         # keyctl
attempt('syscall', 321, 0, 0, 0)                      # bpf
attempt('syscall', 298, 0, 0, -1, -1, 0)              # perf_event_open
attempt('syscall', 323, 0)                            # userfaultfd
attempt('syscall', 425, 8, 0)                         # io_uring_setup
attempt('syscall', 169, 0xfee1dead, 672274793, 0x1234567)
attempt('syscall', 175, 0, 0, b'')                    # init_module
attempt('syscall', 304, 0, 0, 0)                      # open_by_handle_at
attempt('settimeofday', (ctypes.c_long * 2)(0, 0), None)
attempt('sethostname', b'x', 1)
)");
  EXPECT_THAT(said, testing::Not(HasSubstr("DONE")));
  EXPECT_THAT(said, testing::Not(HasSubstr("not implemented")));
}

}  // namespace
}  // namespace tests
