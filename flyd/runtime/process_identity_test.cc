#include "flyd/runtime/process_identity.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using tests::IsOk;
using tests::StatusIs;

TEST(ProcessIdentityTest, FindsTheProcessAgain) {
  const absl::StatusOr<ProcessIdentity> self = IdentifyProcess(getpid());
  ASSERT_THAT(self.status(), IsOk());
  const absl::StatusOr<int> pidfd = OpenProcess(*self);
  ASSERT_THAT(pidfd.status(), IsOk());
  close(*pidfd);
}

TEST(ProcessIdentityTest, TheSamePidOfAnotherProcessIsNotIt) {
  ProcessIdentity self = IdentifyProcess(getpid()).value();
  ++self.start_ticks;
  EXPECT_THAT(OpenProcess(self).status(), StatusIs(absl::StatusCode::kNotFound));
}

TEST(ProcessIdentityTest, TheSamePidAfterAHostsRestartIsNotIt) {
  ProcessIdentity self = IdentifyProcess(getpid()).value();
  self.host_boot_id = "another";
  EXPECT_THAT(OpenProcess(self).status(), StatusIs(absl::StatusCode::kNotFound));
}

TEST(ProcessIdentityTest, AZombieHasEnded) {
  const pid_t child = fork();
  if (child == 0) pause();
  const absl::StatusOr<ProcessIdentity> identity = IdentifyProcess(child);
  ASSERT_THAT(identity.status(), IsOk());
  kill(child, SIGKILL);
  siginfo_t info;
  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  EXPECT_THAT(OpenProcess(*identity).status(), StatusIs(absl::StatusCode::kNotFound));
  waitpid(child, nullptr, 0);
  EXPECT_THAT(OpenProcess(*identity).status(), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace flyd
