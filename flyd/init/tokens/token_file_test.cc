#include "flyd/init/tokens/token_file.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using testing::HasSubstr;
using tests::IsOk;
using tests::StatusIs;

class TokenFileTest : public testing::Test {
 protected:
  TokenFileTest() {
    char name[] = "/tmp/flyd-token-XXXXXX";
    place_ = mkdtemp(name);
    directory_ = open(place_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }
  ~TokenFileTest() override {
    close(directory_);
    std::filesystem::remove_all(place_);
  }

  absl::Status Write(const std::string& content) {
    return ReplaceFile(directory_, "token", content, {.uid = geteuid(), .gid = getegid(), .mode = 0600});
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(absl::StrCat(place_, "/", name));
    std::stringstream content;
    content << file.rdbuf();
    return content.str();
  }

  ptrdiff_t Entries() const {
    return std::distance(std::filesystem::directory_iterator(place_), std::filesystem::directory_iterator());
  }

  std::string place_;
  int directory_ = -1;
};

TEST_F(TokenFileTest, HoldsExactlyTheContent) {
  ASSERT_THAT(Write("a.b.c"), IsOk());
  EXPECT_EQ(Read("token"), "a.b.c");
  struct stat info;
  ASSERT_EQ(stat((place_ + "/token").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
}

TEST_F(TokenFileTest, ReplacesWhatIsThereAndItsMode) {
  ASSERT_THAT(Write("old"), IsOk());
  chmod((place_ + "/token").c_str(), 0666);
  ASSERT_THAT(Write("new"), IsOk());
  struct stat info;
  ASSERT_EQ(stat((place_ + "/token").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(Read("token"), "new");
}

TEST_F(TokenFileTest, WritesThroughNoLink) {
  std::ofstream(place_ + "/victim") << "mine";
  ASSERT_EQ(symlink("victim", (place_ + "/token").c_str()), 0);
  ASSERT_THAT(Write("secret"), IsOk());
  EXPECT_EQ(Read("victim"), "mine");
  EXPECT_EQ(Read("token"), "secret");
  EXPECT_FALSE(std::filesystem::is_symlink(place_ + "/token"));
}

TEST_F(TokenFileTest, WritesThroughNoHardLink) {
  std::ofstream(place_ + "/victim") << "mine";
  ASSERT_EQ(link((place_ + "/victim").c_str(), (place_ + "/token").c_str()), 0);
  ASSERT_THAT(Write("secret"), IsOk());
  EXPECT_EQ(Read("victim"), "mine");
}

TEST_F(TokenFileTest, AnEmptyDirectoryInThePlaceIsRemoved) {
  ASSERT_EQ(mkdir((place_ + "/token").c_str(), 0700), 0);
  ASSERT_THAT(Write("secret"), IsOk());
  EXPECT_EQ(Read("token"), "secret");
  EXPECT_EQ(Entries(), 1);
}

TEST_F(TokenFileTest, AFullDirectoryInThePlaceIsMovedAside) {
  std::filesystem::create_directories(place_ + "/token/deep");
  ASSERT_THAT(Write("secret"), IsOk());
  EXPECT_EQ(Read("token"), "secret");
  ASSERT_THAT(Write("again"), IsOk());
  EXPECT_EQ(Read("token"), "again");
  EXPECT_EQ(Entries(), 2) << "the directory stays, under a hidden name";
}

TEST_F(TokenFileTest, AFileSystemWithoutSpaceLeavesTheOldFileAlone) {
  if (geteuid() != 0) GTEST_SKIP() << "a file system can be mounted by root alone";
  ASSERT_EQ(unshare(CLONE_NEWNS), 0);
  ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  ASSERT_EQ(mount("tmpfs", place_.c_str(), "tmpfs", 0, "size=16k"), 0);
  close(directory_);
  directory_ = open(place_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_THAT(Write("old"), IsOk());
  std::ofstream(place_ + "/fill") << std::string(64 * 1024, 'x');
  EXPECT_THAT(Write("new"), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("token: No space left")));
  EXPECT_EQ(Read("token"), "old");
  EXPECT_EQ(Entries(), 2);
  std::filesystem::remove(place_ + "/fill");
  EXPECT_THAT(Write("new"), IsOk());
  ASSERT_EQ(mount(nullptr, place_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  EXPECT_THAT(Write("newer"), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("token: Read-only file system")));
  EXPECT_EQ(Read("token"), "new");
  umount2(place_.c_str(), MNT_DETACH);
}

TEST_F(TokenFileTest, ADirectoryThatOthersWriteInIsTakenBack) {
  if (geteuid() != 0) GTEST_SKIP() << "the directory is not root's";
  for (const auto& [given, kept] : {std::pair(0777, 0755), std::pair(01777, 0755), std::pair(0700, 0700), std::pair(0755, 0755)}) {
    ASSERT_EQ(fchmod(directory_, static_cast<mode_t>(given)), 0);
    ASSERT_THAT(SecureDirectory(directory_), IsOk());
    struct stat info;
    ASSERT_EQ(fstat(directory_, &info), 0);
    EXPECT_EQ(info.st_mode & 07777, static_cast<mode_t>(kept));
  }
}

TEST_F(TokenFileTest, ADirectoryThatWasGivenAwayBelongsToRootAgain) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  ASSERT_EQ(fchown(directory_, 7, 7), 0);
  ASSERT_THAT(SecureDirectory(directory_), IsOk());
  struct stat info;
  ASSERT_EQ(fstat(directory_, &info), 0);
  EXPECT_EQ(info.st_uid, 0u);
  EXPECT_EQ(info.st_gid, 0u);
}

// Somebody who may write in the directory sees the temporary file come and puts a link in its place before it is renamed.
// What the link leads to is never written, and init is told that its file is not the one there.
TEST_F(TokenFileTest, ARaceForTheNameLeadsNowhereAndIsTold) {
  const std::string victim = place_ + ".victim";
  const std::string link = place_ + ".link";
  std::ofstream(victim) << "mine";
  std::atomic<bool> done = false;
  std::thread attacker([&] {
    while (!done) {
      for (const auto& entry : std::filesystem::directory_iterator(place_)) {
        if (entry.path().filename().string()[0] != '.') continue;
        if (symlink(victim.c_str(), link.c_str()) == 0) (void)rename(link.c_str(), entry.path().c_str());
      }
    }
  });
  int told = 0;
  for (int i = 0; i < 500; ++i) told += absl::IsAborted(Write("secret")) ? 1 : 0;
  done = true;
  attacker.join();
  EXPECT_GT(told, 0);
  std::ifstream file(victim);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "mine");
  for (const auto& entry : std::filesystem::directory_iterator(place_)) std::filesystem::remove(entry.path());
  EXPECT_THAT(Write("secret"), IsOk());
  EXPECT_EQ(Read("token"), "secret");
  std::filesystem::remove(victim);
  std::filesystem::remove(link);
}

TEST_F(TokenFileTest, AReplacedDirectoryDoesNotLeadElsewhere) {
  std::filesystem::rename(place_, place_ + ".moved");
  ASSERT_EQ(mkdir(place_.c_str(), 0700), 0);
  ASSERT_THAT(Write("secret"), IsOk());
  EXPECT_FALSE(std::filesystem::exists(place_ + "/token"));
  std::filesystem::remove_all(place_ + ".moved");
}

TEST_F(TokenFileTest, AReaderSeesTheOldWholeOrTheNewWhole) {
  ASSERT_THAT(Write(std::string(2000, '0')), IsOk());
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::thread reader([&] {
    while (!done) {
      const std::string seen = Read("token");
      if (seen.size() != 2000 || seen.find_first_not_of(seen[0]) != std::string::npos) ++wrong;
    }
  });
  for (int i = 0; i < 300; ++i) EXPECT_THAT(Write(std::string(2000, static_cast<char>('0' + i % 10))), IsOk());
  done = true;
  reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace flyd
