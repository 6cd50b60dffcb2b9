#include "tests/init/group_fixture.h"

#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "flyd/files/durable_file.h"

namespace tests {
namespace {

// Where the cgroup v2 hierarchy is mounted; empty: nowhere.
std::string Hierarchy() {
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string device, place, type;
    words >> device >> place >> type;
    if (type == "cgroup2") return place;
  }
  return "";
}

}  // namespace

void GroupTest::SetUp() {
  if (const char* given = getenv("CONTROL_GROUP"); given != nullptr) {
    control_group_ = given;
    MachineTest::SetUp();
    return;
  }
  const std::string hierarchy = Hierarchy();
  if (hierarchy.empty() || access(hierarchy.c_str(), W_OK) != 0) {
    GTEST_SKIP() << "cgroup v2: not here or not ours, want a folder that we may write to";
  }
  control_group_ = absl::StrCat(hierarchy, "/flyd-test-", getpid());
  MachineTest::SetUp();
}

void GroupTest::TearDown() {
  MachineTest::TearDown();
  if (control_group_.empty() || getenv("CONTROL_GROUP") != nullptr) return;
  EXPECT_EQ(rmdir(control_group_.c_str()), 0) << control_group_ << ": a group is left in it";
}

std::string GroupTest::GroupFile(const std::string& name) const {
  return flyd::ReadWholeFile(absl::StrCat(Group(), "/", name)).value_or("absent");
}

}  // namespace tests
