#include "flyd/init/runner/rotated_log.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace flyd {
namespace {

class RotatedLogTest : public testing::Test {
 protected:
  RotatedLogTest() {
    char name[] = "/tmp/flyd-log-XXXXXX";
    place_ = mkdtemp(name);
  }
  ~RotatedLogTest() override { std::filesystem::remove_all(place_); }
  std::string Read(const std::string& name) const {
    std::ifstream file(place_ + "/" + name);
    std::stringstream content;
    content << file.rdbuf();
    return content.str();
  }
  std::string place_;
};

TEST_F(RotatedLogTest, KeepsTwoFilesOfTheBound) {
  RotatedLog log(place_ + "/out.log", 10);
  for (const char* line : {"first-\n", "second\n", "third-\n"}) log.Append(line);
  EXPECT_EQ(Read("out.log"), "third-\n");
  EXPECT_EQ(Read("out.log.1"), "second\n");
}

TEST_F(RotatedLogTest, FillsAFileExactlyToTheBound) {
  RotatedLog log(place_ + "/out.log", 10);
  log.Append("12345");
  log.Append("67890");
  EXPECT_EQ(Read("out.log"), "1234567890");
  log.Append("x");
  EXPECT_EQ(Read("out.log"), "x");
}

TEST_F(RotatedLogTest, GoesOnWhereItWasLeft) {
  { RotatedLog(place_ + "/out.log", 10).Append("12345678"); }
  RotatedLog(place_ + "/out.log", 10).Append("abc");
  EXPECT_EQ(Read("out.log.1"), "12345678");
  EXPECT_EQ(Read("out.log"), "abc");
}

}  // namespace
}  // namespace flyd
