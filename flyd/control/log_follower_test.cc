#include "flyd/control/log_follower.h"

#include <cstdio>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/fakes/scratch_folder.h"

namespace flyd {
namespace {

class LogFollowerTest : public testing::Test {
 protected:
  void Append(const std::string& text) { std::ofstream(path_, std::ios::app) << text; }
  void Rotate() { ASSERT_EQ(std::rename(path_.c_str(), (path_ + ".1").c_str()), 0); }
  std::string ReadAll() {
    std::string all;
    for (std::string more = log_.ReadMore(); !more.empty(); more = log_.ReadMore()) all += more;
    return all;
  }

  tests::ScratchFolder folder_;
  const std::string path_ = folder_.path() + "/out.log";
  LogFollower log_{path_};
};

TEST_F(LogFollowerTest, ReadsWhatIsThereAndWhatComes) {
  EXPECT_EQ(ReadAll(), "");
  Append("one ");
  EXPECT_EQ(ReadAll(), "one ");
  Append("two ");
  EXPECT_EQ(ReadAll(), "two ");
  EXPECT_FALSE(log_.has_lost());
}

TEST_F(LogFollowerTest, BeginsWithTheOlderHalf) {
  Append("old ");
  Rotate();
  Append("new ");
  EXPECT_EQ(ReadAll(), "old new ");
  EXPECT_FALSE(log_.has_lost());
}

TEST_F(LogFollowerTest, ReadsAFileToItsEndThatWasRotatedMeanwhile) {
  Append("one ");
  EXPECT_EQ(ReadAll(), "one ");
  Append("two ");
  Rotate();
  Append("three ");
  EXPECT_EQ(ReadAll(), "two three ");
  EXPECT_FALSE(log_.has_lost());
}

TEST_F(LogFollowerTest, MissesNothingWhereTheOlderHalfIsReadWhileTheNewerIsRotated) {
  Append("old ");
  Rotate();
  Append("new ");
  EXPECT_EQ(log_.ReadMore(), "old ");
  Rotate();
  Append("newest ");
  EXPECT_EQ(ReadAll(), "new newest ");
  EXPECT_FALSE(log_.has_lost());
}

TEST_F(LogFollowerTest, MissesNothingInTwoRotationsWhereItHasSeenTheFirst) {
  Append("one ");
  EXPECT_EQ(log_.ReadMore(), "one ");
  Rotate();
  Append("two ");
  Append("");
  EXPECT_EQ(ReadAll(), "two ");
  Rotate();
  Append("three ");
  EXPECT_EQ(ReadAll(), "three ");
  EXPECT_FALSE(log_.has_lost());
}

TEST_F(LogFollowerTest, TellsOfAnEndThatWasRemovedUnread) {
  Append("old ");
  Rotate();
  Append("new ");
  EXPECT_EQ(log_.ReadMore(), "old ");
  ASSERT_EQ(std::remove(path_.c_str()), 0);
  ASSERT_EQ(std::remove((path_ + ".1").c_str()), 0);
  EXPECT_EQ(ReadAll(), "");
  EXPECT_TRUE(log_.has_lost());
}

TEST_F(LogFollowerTest, TellsOfAFileThatWasRotatedAwayUnread) {
  Append("one ");
  EXPECT_EQ(ReadAll(), "one ");
  Rotate();
  Append("gone ");
  Rotate();
  Append("half ");
  Rotate();
  Append("new ");
  EXPECT_EQ(ReadAll(), "half new ");
  EXPECT_TRUE(log_.has_lost());
}

}  // namespace
}  // namespace flyd
