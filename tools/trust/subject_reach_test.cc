#include "tools/trust/subject_reach.h"

#include <string>

#include "gtest/gtest.h"

namespace tools {
namespace {

struct Row {
  const char* name;
  const char* pattern;
  Reach reach;
  const char* organization;
  const char* surprise;
};

class SubjectReachTest : public testing::TestWithParam<Row> {};

TEST_P(SubjectReachTest, Says) {
  const SubjectReach reach = ReachOf(GetParam().pattern, GlobSyntax::kStarAndQuestion);
  EXPECT_EQ(reach.reach, GetParam().reach);
  EXPECT_EQ(reach.organization, GetParam().organization);
  EXPECT_EQ(reach.surprise, GetParam().surprise);
  if (!reach.surprise.empty()) {
    EXPECT_TRUE(MatchesGlob(GetParam().pattern, reach.surprise, GlobSyntax::kStarAndQuestion));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, SubjectReachTest,
    testing::Values(Row{"Machine", "acme:web:m1", Reach::kMachine, "acme", ""},
                    Row{"AppSubject", "acme:web", Reach::kApp, "acme", ""},
                    Row{"App", "acme:web:*", Reach::kApp, "acme", ""},
                    Row{"SomeMachines", "acme:web:prod-*", Reach::kSomeMachines, "acme", ""},
                    Row{"SomeMachinesByQuestion", "acme:web:m?", Reach::kSomeMachines, "acme", ""},
                    Row{"StarsInTheMachine", "acme:web:**", Reach::kSomeMachines, "acme", ""},
                    Row{"Organization", "acme:*", Reach::kOrganization, "acme", ""},
                    Row{"AppCutShort", "acme:web*", Reach::kOpenApp, "acme", "acme:web2:m1"},
                    Row{"AppCutShortWithAMachine", "acme:web*:m1", Reach::kOpenApp, "acme", "acme:web2:m1"},
                    Row{"AppCutShortWithAnyMachine", "acme:web*:*", Reach::kOpenApp, "acme", "acme:web2:other"},
                    Row{"AppByQuestion", "acme:we?:*", Reach::kOpenApp, "acme", "acme:we2:other"},
                    Row{"AnyAppsMachine", "acme:*:m1", Reach::kOpenApp, "acme", "acme:other:m1"},
                    Row{"EndOfAnApp", "acme:*-web:*", Reach::kOpenApp, "acme", "acme:other-web:other"},
                    Row{"TooManyToTry", "acme:*a*a*a*a*a:m", Reach::kOpenApp, "acme", ""},
                    Row{"OrganizationCutShort", "acme*", Reach::kOpenOrganization, "", ""},
                    Row{"OrganizationByQuestion", "acm?:web:*", Reach::kOpenOrganization, "", ""},
                    Row{"Everything", "*", Reach::kOpenOrganization, "", ""},
                    Row{"AnyOrganizationsApp", "*:web:*", Reach::kOpenOrganization, "", ""},
                    Row{"OrganizationAlone", "acme", Reach::kNobody, "acme", ""},
                    Row{"FourParts", "acme:web:m1:x", Reach::kNobody, "acme", ""},
                    Row{"FourPartsWithAStar", "acme:web:m1:*", Reach::kNobody, "acme", ""},
                    Row{"EmptyApp", "acme::*", Reach::kNobody, "acme", ""},
                    Row{"EmptyMachine", "acme:web:", Reach::kNobody, "acme", ""},
                    Row{"Empty", "", Reach::kNobody, "", ""}),
    [](const auto& info) { return info.param.name; });

TEST(SubjectReachSyntaxTest, AStarThatIsALetterReachesOnlyItself) {
  EXPECT_EQ(ReachOf("acme:web:*", GlobSyntax::kNone).reach, Reach::kMachine);
}

TEST(SubjectReachSyntaxTest, AQuestionMarkIsALetterOfTheNameForVault) {
  EXPECT_EQ(ReachOf("acme:web?:*", GlobSyntax::kStar).reach, Reach::kApp);
}

}  // namespace
}  // namespace tools
