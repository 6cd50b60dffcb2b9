#include "tokensvc/private_memory.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace tokensvc {
namespace {

TEST(PrivateMemoryTest, AProcessThatDiesOfASignalLeavesNoCore) {
  const pid_t child = fork();
  if (child == 0) {
    KeepMemoryPrivate();
    rlimit core = {.rlim_cur = 1, .rlim_max = 1};
    getrlimit(RLIMIT_CORE, &core);
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 || core.rlim_max != 0) _exit(1);
    signal(SIGABRT, SIG_DFL);
    kill(getpid(), SIGABRT);
    pause();
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << "it can be dumped";
  EXPECT_FALSE(WCOREDUMP(status));
}

}  // namespace
}  // namespace tokensvc
