#include "flyd/init/tokens/token_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

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
    return WriteTokenFile(directory_, "token", content, geteuid(), getegid(), 0600);
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(absl::StrCat(place_, "/", name));
    std::stringstream content;
    content << file.rdbuf();
    return content.str();
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
  ASSERT_EQ(symlink("victim", (place_ + "/.token.new").c_str()), 0);
  ASSERT_THAT(Write("secret"), IsOk());
  EXPECT_EQ(Read("victim"), "mine");
  EXPECT_EQ(Read("token"), "secret");
}

TEST_F(TokenFileTest, WritesThroughNoHardLink) {
  std::ofstream(place_ + "/victim") << "mine";
  ASSERT_EQ(link((place_ + "/victim").c_str(), (place_ + "/token").c_str()), 0);
  ASSERT_EQ(link((place_ + "/victim").c_str(), (place_ + "/.token.new").c_str()), 0);
  ASSERT_THAT(Write("secret"), IsOk());
  EXPECT_EQ(Read("victim"), "mine");
}

TEST_F(TokenFileTest, ADirectoryInThePlaceIsRefusedAndNothingIsLeft) {
  ASSERT_EQ(mkdir((place_ + "/token").c_str(), 0700), 0);
  EXPECT_THAT(Write("secret"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(std::filesystem::exists(place_ + "/.token.new"));
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
