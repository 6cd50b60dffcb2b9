#include "flyd/init/workload/workload_user.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::StatusIs;

constexpr char kPasswd[] =
    "root:x:0:0:root:/root:/bin/bash\nweb:x:1000:1001:Web:/home/web:/bin/sh\nbad:x:70000:1:::\nshort:x:5\n";
constexpr char kGroup[] = "root:x:0:\nweb:x:1001:\ndocker:x:998:other,web\nlogs:x:999:web\nbroken:x:\n";

struct UserCase {
  const char* name;
  const char* spec;
  uid_t uid;
  gid_t gid;
  const char* home;
};
class ResolveUserTest : public testing::TestWithParam<UserCase> {};

TEST_P(ResolveUserTest, FindsIdsAndHome) {
  const absl::StatusOr<WorkloadUser> user = ResolveUser(GetParam().spec, kPasswd, kGroup, false);
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_EQ(user->uid, GetParam().uid);
  EXPECT_EQ(user->gid, GetParam().gid);
  EXPECT_EQ(user->home, GetParam().home);
}

INSTANTIATE_TEST_SUITE_P(Forms, ResolveUserTest,
                         testing::Values(UserCase{"Empty", "", 0, 0, "/root"}, UserCase{"Root", "root", 0, 0, "/root"},
                                         UserCase{"Name", "web", 1000, 1001, "/home/web"},
                                         UserCase{"KnownNumber", "1000", 1000, 1001, "/home/web"},
                                         UserCase{"UnknownNumber", "4242", 4242, 4242, "/"},
                                         UserCase{"NameAndGroup", "web:docker", 1000, 998, "/home/web"},
                                         UserCase{"NumberAndNumber", "7:8", 7, 8, "/"},
                                         UserCase{"Highest", "65535", 65535, 65535, "/"}),
                         [](const auto& info) { return info.param.name; });

TEST(ResolveUserGroupsTest, ANameHasItsSupplementaryGroups) {
  EXPECT_THAT(ResolveUser("web", kPasswd, kGroup, false)->groups, ElementsAre(998, 999));
  EXPECT_THAT(ResolveUser("web:web", kPasswd, kGroup, false)->groups, IsEmpty()) << "a group that was named is the only one";
}

TEST(ResolveUserRefusalTest, NamesWhatIsNotThere) {
  EXPECT_THAT(ResolveUser("nobody", kPasswd, kGroup, false).status(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("nobody")));
  EXPECT_THAT(ResolveUser("web:x", kPasswd, kGroup, false).status(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("group: x")));
  EXPECT_THAT(ResolveUser("65536", kPasswd, kGroup, false).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ResolveUser("bad", kPasswd, kGroup, false).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ResolveUser("-1", kPasswd, kGroup, false).status(), StatusIs(absl::StatusCode::kNotFound));
}

TEST(ResolveUserRefusalTest, ARootlessMachineHasRootAlone) {
  EXPECT_TRUE(ResolveUser("0:0", kPasswd, kGroup, true).ok());
  EXPECT_THAT(ResolveUser("web", kPasswd, kGroup, true).status(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(ResolveUser("0:7", kPasswd, kGroup, true).status(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace flyd
