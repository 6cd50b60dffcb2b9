#include "flyd/images/confined_command.h"

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/images/store_fixture.h"
#include "tests/images/test_layout.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

using testing::HasSubstr;

class ConfinedCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(own_);
    std::filesystem::permissions(outside_.path(), std::filesystem::perms::all);
  }

  flyd::ConfinedCommand Shell(const std::string& script) const {
    return {.init_path = InitBinary(),
            .directory = own_,
            .max_file_bytes = 1 << 20,
            .max_directory_bytes = 64 << 20,
            .timeout = absl::Seconds(60),
            .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
            .words = {"sh", "-c", script}};
  }
  absl::StatusOr<std::string> Run(const std::string& script) const {
    return flyd::RunConfinedCommand(Shell(script), 10'000);
  }

  ScratchFolder scratch_;
  ScratchFolder outside_;
  const std::string own_ = scratch_.path() + "/own";
};

TEST_F(ConfinedCommandTest, ItWorksInItsFolder) {
  EXPECT_THAT(Run("pwd; echo x > f; cat f"), IsOkAndHolds(own_ + "\nx\n"));
  EXPECT_EQ(ReadTestFile(own_ + "/f"), "x\n");
}

TEST_F(ConfinedCommandTest, ItWritesNowhereElse) {
  const std::vector<std::string> places = {outside_.path(), scratch_.path(), "/tmp", "/var/tmp", "/dev/shm"};
  for (const std::string& place : places) {
    EXPECT_THAT(Run(absl::StrCat("echo x > ", place, "/flyd-confined")).status(),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("Read-only file system")));
  }
  EXPECT_THAT(Run(absl::StrCat("ln -s ", outside_.path(), " l; echo x > l/f")).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("Read-only file system")));
}

TEST_F(ConfinedCommandTest, ItCannotMountItsWayOut) {
  EXPECT_FALSE(Run(absl::StrCat("mount -o remount,rw,bind ", outside_.path())).ok());
  EXPECT_FALSE(Run("mount -o remount,rw,bind /").ok());
  EXPECT_FALSE(Run(absl::StrCat("umount ", own_)).ok());
  EXPECT_FALSE(Run("mknod sda b 8 0").ok());
}

TEST_F(ConfinedCommandTest, ItHasNoPrivilegesToWin) {
  EXPECT_THAT(Run("grep NoNewPrivs /proc/self/status"), IsOkAndHolds("NoNewPrivs:\t1\n"));
  // CHOWN, DAC_OVERRIDE, FOWNER, FSETID; of another user's, none.
  EXPECT_THAT(Run("grep CapEff /proc/self/status"),
              IsOkAndHolds(geteuid() == 0 ? "CapEff:\t000000000000001b\n" : "CapEff:\t0000000000000000\n"));
}

TEST_F(ConfinedCommandTest, ItReachesNoNetworkUnlessItMay) {
  const std::string count = "tail -n +3 /proc/net/dev | grep -vc lo: || true";
  EXPECT_THAT(Run(count), IsOkAndHolds("0\n"));
  EXPECT_THAT(Run("cat /proc/net/route | tail -n +2"), IsOkAndHolds(""));
}

TEST_F(ConfinedCommandTest, ItsFilesHaveABound) {
  EXPECT_THAT(Run("head -c 1048576 /dev/zero > f").status(), IsOk());
  EXPECT_FALSE(Run("head -c 1048577 /dev/zero > f").ok());
  EXPECT_EQ(std::filesystem::file_size(own_ + "/f"), 1048576u);
}

TEST_F(ConfinedCommandTest, ItsFolderHasABound) {
  flyd::ConfinedCommand command = Shell("i=0; while :; do head -c 100000 /dev/zero > f$i; i=$((i+1)); done");
  command.max_directory_bytes = 1 << 20;
  EXPECT_THAT(flyd::RunConfinedCommand(command, 1000).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("sh: wrote over 1048576 bytes")));
}

TEST_F(ConfinedCommandTest, ItsTimeHasABound) {
  flyd::ConfinedCommand command = Shell("sleep 1000 & sleep 1000");
  command.timeout = absl::Milliseconds(100);
  EXPECT_THAT(flyd::RunConfinedCommand(command, 1000).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("sh: not done after 100ms")));
}

TEST_F(ConfinedCommandTest, ItsOutputHasABound) {
  EXPECT_THAT(Run("head -c 10000 /dev/zero").status(), IsOk());
  EXPECT_THAT(Run("yes").status(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("sh: over 10000 bytes of output")));
}

TEST_F(ConfinedCommandTest, ItsEndIsSaidWithItsLastWords) {
  EXPECT_THAT(Run("echo first >&2; echo last >&2; exit 3").status(),
              StatusIs(absl::StatusCode::kUnavailable, "sh: exit 3: last"));
  flyd::ConfinedCommand command = Shell("");
  command.words = {"no-such-program"};
  EXPECT_THAT(flyd::RunConfinedCommand(command, 1000).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no-such-program: exit 125: ")));
}

}  // namespace
}  // namespace tests
