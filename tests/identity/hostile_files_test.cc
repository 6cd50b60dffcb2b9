// A workload that is root in its machine does what it can to /.fly while init replaces the token every few hundred
// milliseconds. Its own files are its own to spoil; nothing of it may lead init elsewhere or widen a mode.
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "flyd/runtime/runtime.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/identity/identity_fixture.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;

// `replaced`: waits until /.fly/oidc_token is a regular file with another token than when `note` was called.
constexpr char kWords[] = R"sh(
note() { old=$(cat /.fly/oidc_token); }
replaced() {
  tries=0
  while [ -h /.fly/oidc_token ] || [ ! -f /.fly/oidc_token ] || [ "$(cat /.fly/oidc_token)" = "$old" ]; do
    tries=$((tries+1)); [ $tries -lt 2000 ] || { echo 'never replaced'; exit 1; }
    sleep 0.01
  done
}
whole() { tail -c 4 /.fly/oidc_token; stat -c ' %a %u %g' /.fly/oidc_token; }
)sh";

class HostileFilesTest : public IdentityTest {
 protected:
  void SetUp() override {
    IdentityTest::SetUp();
    SetLifetime(absl::Seconds(1));
  }
  // Runs the script, which must end well, and answers what it said.
  std::string Attack(const std::string& script) {
    const flyd::BootExit exit = Run(Boot(absl::StrCat(kWords, script), {{"AWS_ROLE_ARN", "arn"}}));
    EXPECT_EQ(exit.exit_code, 0) << Output() << Errors();
    return Output();
  }
};

TEST_F(HostileFilesTest, ASymbolicLinkIsReplacedAndNotFollowed) {
  EXPECT_EQ(Attack("echo mine > /tmp/victim; chmod 644 /tmp/victim; note; ln -sf /tmp/victim /.fly/oidc_token; replaced\n"
                   "whole; cat /tmp/victim; stat -c %a /tmp/victim"),
            "_end 600 0 0\nmine\n644\n");
}

TEST_F(HostileFilesTest, AHardLinkedFileIsNotWritten) {
  EXPECT_EQ(Attack("echo mine > /.fly/victim; chmod 644 /.fly/victim; note; ln -f /.fly/victim /.fly/oidc_token; old=mine\n"
                   "replaced; whole; cat /.fly/victim; stat -c %a /.fly/victim"),
            "_end 600 0 0\nmine\n644\n");
}

TEST_F(HostileFilesTest, AnOldTokenThatWasLinkedAwayIsNotWrittenEither) {
  EXPECT_EQ(Attack("note; ln /.fly/oidc_token /.fly/kept; echo \"$old\" > /tmp/old; replaced\n"
                   "[ \"$(cat /.fly/kept)\" = \"$(cat /tmp/old)\" ] && whole"),
            "_end 600 0 0\n");
}

TEST_F(HostileFilesTest, ADirectoryUnderTheNameIsMovedOutOfTheWay) {
  EXPECT_EQ(Attack("note; rm /.fly/oidc_token; mkdir -p /.fly/oidc_token/deep; replaced; whole"), "_end 600 0 0\n");
}

TEST_F(HostileFilesTest, ThePlaceItselfCannotBeReplaced) {
  const std::string output = Attack(
      "note; mv /.fly /tmp/fly 2>&1; umount /.fly 2>&1; mount --bind /tmp /.fly 2>&1; mount -o remount,ro /.fly 2>&1\n"
      "replaced; whole; ls -A /tmp");
  EXPECT_THAT(output, HasSubstr("busy"));
  EXPECT_THAT(output, HasSubstr("_end 600 0 0\n"));
  EXPECT_THAT(output, Not(HasSubstr("fly\n")));
}

TEST_F(HostileFilesTest, AFullFileSystemKeepsTheOldTokenAndRecovers) {
  const std::string output = Attack(
      "note; cat /dev/zero > /.fly/fill 2>/dev/null\n"
      "tries=0; while ! grep -q 'No space left' /tmp/heard 2>/dev/null && [ $tries -lt 100 ]; do\n"
      "  tries=$((tries+1)); sleep 0.02; [ \"$(cat /.fly/oidc_token)\" = \"$old\" ] || note; done\n"
      "tail -c 4 /.fly/oidc_token; rm /.fly/fill; note; replaced; whole");
  EXPECT_EQ(output, "_end_end 600 0 0\n");
  EXPECT_THAT(Errors(), HasSubstr("init: oidc_token: oidc_token: No space left on device; the token there "));
}

TEST_F(HostileFilesTest, ModesAndOwnersThatWereWidenedAreTakenBack) {
  EXPECT_EQ(Attack("note; chmod 666 /.fly/oidc_token; chmod 1777 /.fly; replaced; whole; stat -c '%a %u' /.fly\n"
                   "chmod 700 /.fly; note; replaced; stat -c '%a %u' /.fly"),
            "_end 600 0 0\n755 0\n700 0\n");
}

TEST_F(HostileFilesTest, ADirectoryThatWasGivenAwayIsTakenBack) {
  if (IsRootless()) GTEST_SKIP() << "a rootless machine has one id";
  EXPECT_EQ(Attack("note; chown 33:33 /.fly /.fly/oidc_token; replaced; whole; stat -c '%a %u' /.fly"),
            "_end 600 0 0\n755 0\n");
}

// The attacker hears of each temporary file as it comes and puts a link to its victim in its place. Sixteen files more give
// it many tries; whether it ever is in time is the scheduler's choice (token_file_test has a race that is always run).
TEST_F(HostileFilesTest, ARaceForTheTemporaryFileLeadsNowhere) {
  nlohmann::json answer = Boot(absl::StrCat(kWords, R"sh(echo mine > /tmp/victim; chmod 644 /tmp/victim; note
python3 -c "
import ctypes, os, struct, time
libc = ctypes.CDLL(None)
watch = libc.inotify_init()
libc.inotify_add_watch(watch, b'/.fly', 0x100)  # IN_CREATE
os.set_blocking(watch, False)
swapped, end = 0, time.monotonic() + 6
while time.monotonic() < end:
    try: events = os.read(watch, 65536)
    except BlockingIOError: continue
    while events:
        size = struct.unpack('iIII', events[:16])[3]
        name, events = events[16:16 + size].rstrip(bytes(1)), events[16 + size:]
        if not name.startswith(b'.'): continue
        try:
            os.unlink(b'/.fly/' + name)
            os.symlink('/tmp/victim', b'/.fly/' + name)
            swapped += 1
        except OSError: pass
print('links put in the way:', swapped)
"
note; replaced; whole; cat /tmp/victim; stat -c %a /tmp/victim)sh"),
                               {{"AWS_ROLE_ARN", "arn"}});
  for (int i = 0; i < 16; ++i) {
    answer["identity"]["files"].push_back({{"path", absl::StrCat("/.fly/t", i)}, {"audience", ""}, {"mode", ""}, {"owner", ""}});
  }
  EXPECT_EQ(Run(answer).exit_code, 0) << Errors();
  std::printf("%s", Output().c_str());
  EXPECT_THAT(Output(), HasSubstr("_end 600 0 0\nmine\n644\n"));
}

TEST_F(HostileFilesTest, AnotherUserCanWriteNothingThere) {
  if (IsRootless()) GTEST_SKIP() << "a rootless machine has one id";
  nlohmann::json answer = Boot("for a in 'touch /.fly/x' 'rm /.fly/oidc_token' 'ln -sf /tmp/x /.fly/oidc_token' "
                               "'chmod 777 /.fly' 'mkdir /.fly/d'; do $a 2>/dev/null && echo \"$a\"; done; ls -A /.fly",
                               {{"AWS_ROLE_ARN", "arn"}});
  answer["run"]["user"] = "33";
  SetLifetime(absl::Seconds(600));
  Run(answer);
  EXPECT_EQ(Output(), "api\noidc_token\n");
}

}  // namespace
}  // namespace tests
