// The mount that an image's files become, made by the process that would make it for a machine.
#include "flyd/init/machine/image_tree.h"

#include <sched.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/status_matchers.h"

namespace tests {
namespace {

class ImageTreeTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const int flags = geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS;
    ASSERT_EQ(unshare(flags), 0) << "want a host that allows namespaces";
  }

  ScratchFolder scratch_;
};

TEST_F(ImageTreeTest, IsReadOnlyWithoutSetUserIdAndWithoutDevices) {
  const auto tree = flyd::OpenImageTree(scratch_.path(), 0);
  ASSERT_THAT(tree, IsOk());
  struct statvfs info;
  ASSERT_EQ(fstatvfs(tree->get(), &info), 0);
  EXPECT_TRUE(info.f_flag & ST_RDONLY);
  EXPECT_TRUE(info.f_flag & ST_NOSUID);
  EXPECT_TRUE(info.f_flag & ST_NODEV);
}

TEST_F(ImageTreeTest, AnAbsentOneIsNamed) {
  const std::string absent = scratch_.path() + "/absent";
  EXPECT_THAT(flyd::OpenImageTree(absent, 0),
              StatusIs(absl::StatusCode::kUnavailable, testing::HasSubstr(absent + ": No such file or directory")));
}

}  // namespace
}  // namespace tests
