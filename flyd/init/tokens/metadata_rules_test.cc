#include "flyd/init/tokens/metadata_rules.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace flyd {
namespace {

using testing::HasSubstr;

constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";
constexpr char kDefault[] = "/computeMetadata/v1/instance/service-accounts/default";

MetadataRequest Get(absl::string_view target) { return {.method = "GET", .target = target, .flavor = "Google"}; }

MetadataVerdict Judge(const MetadataRequest& request) { return JudgeMetadataRequest(request, kSecret, "a@b"); }

// With the secret before the path.
MetadataVerdict JudgeTarget(absl::string_view rest) {
  const std::string target = absl::StrCat("/", kSecret, kDefault, rest);
  return Judge(Get(target));
}

TEST(MetadataRulesTest, ATokenOfTheAudienceIsTheAnswer) {
  EXPECT_EQ(JudgeTarget("/identity?audience=https%3A%2F%2Fa.example%2Fx%3Fy%3Dz+w&format=full").audience,
            "https://a.example/x?y=z w");
  EXPECT_EQ(JudgeTarget("/identity?format=full&audience=plain").audience, "plain");
}

TEST(MetadataRulesTest, TheSecretMayComeAsABearer) {
  const std::string target = absl::StrCat(kDefault, "/identity?audience=a");
  MetadataRequest request = Get(target);
  const std::string bearer = absl::StrCat("Bearer ", kSecret);
  request.authorization = bearer;
  EXPECT_EQ(Judge(request).audience, "a");
}

TEST(MetadataRulesTest, WithoutTheSecretNothingButAPresenceIsSaid) {
  const std::string target = absl::StrCat(kDefault, "/identity?audience=a");
  const std::string wrong_path = absl::StrCat("/0123456789abcdef0123456789abcdee", target);
  const std::string short_path = absl::StrCat("/0123456789abcdef0123456789abcde", target);
  const std::string empty_path = absl::StrCat("/", target);
  for (const std::string& one : {target, wrong_path, short_path, empty_path, std::string("/x"), std::string("")}) {
    const MetadataVerdict verdict = Judge(Get(one));
    EXPECT_EQ(verdict.status, 401) << one;
    EXPECT_EQ(verdict.audience, std::nullopt) << one;
    EXPECT_THAT(verdict.body, testing::Not(HasSubstr(kSecret)));
  }
  MetadataRequest basic = Get(target);
  const std::string authorization = absl::StrCat("Basic ", kSecret);
  basic.authorization = authorization;
  EXPECT_EQ(Judge(basic).status, 401);
  EXPECT_EQ(Judge(Get("/")).status, 200);
  EXPECT_EQ(Judge(Get("/")).audience, std::nullopt);
}

TEST(MetadataRulesTest, AnEmptySecretOpensNothing) {
  const std::string target = absl::StrCat("/", kDefault, "/identity?audience=a");
  EXPECT_EQ(JudgeMetadataRequest(Get(target), "", "a@b").status, 401);
}

TEST(MetadataRulesTest, WhatABrowserOrAFooledProxySendsIsRefused) {
  const std::string target = absl::StrCat("/", kSecret, kDefault, "/identity?audience=a");
  MetadataRequest request = Get(target);
  request.flavor = "";
  EXPECT_EQ(Judge(request).status, 403);
  request.flavor = "google";
  EXPECT_EQ(Judge(request).status, 403);
  request = Get(target);
  request.forwarded = true;
  EXPECT_EQ(Judge(request).status, 403);
  for (const char* method : {"POST", "PUT", "HEAD", "OPTIONS", "get"}) {
    request = Get(target);
    request.method = method;
    EXPECT_EQ(Judge(request).status, 405) << method;
  }
}

struct AudienceCase {
  const char* name;
  std::string query;
  std::string word;  // empty: taken
};
class AudienceTest : public testing::TestWithParam<AudienceCase> {};

TEST_P(AudienceTest, IsBounded) {
  const MetadataVerdict verdict = JudgeTarget(absl::StrCat("/identity", GetParam().query));
  EXPECT_EQ(verdict.audience.has_value(), GetParam().word.empty());
  if (GetParam().word.empty()) return;
  EXPECT_EQ(verdict.status, 400);
  EXPECT_THAT(verdict.body, HasSubstr(GetParam().word));
}

INSTANTIATE_TEST_SUITE_P(
    Queries, AudienceTest,
    testing::Values(AudienceCase{"None", "", "absent"}, AudienceCase{"Empty", "?audience=", "absent"},
                    AudienceCase{"OtherName", "?Audience=a", "absent"},
                    AudienceCase{"Twice", "?audience=a&audience=b", "twice"},
                    AudienceCase{"Longest", "?audience=" + std::string(255, 'a'), ""},
                    AudienceCase{"PastLongest", "?audience=" + std::string(256, 'a'), "256 bytes"},
                    AudienceCase{"HalfAPercent", "?audience=a%2", "percent-encoded"},
                    AudienceCase{"NoHex", "?audience=%zz", "percent-encoded"},
                    AudienceCase{"PercentAtTheEnd", "?audience=%41", ""}),
    [](const auto& info) { return info.param.name; });

TEST(MetadataRulesTest, TheAccountIsSaidAsLibrariesAskForIt) {
  EXPECT_EQ(JudgeTarget("/email").body, "a@b");
  for (const char* path : {"/?recursive=true", "?recursive=true"}) {
    EXPECT_EQ(nlohmann::json::parse(JudgeTarget(path).body)["email"], "a@b") << path;
  }
}

TEST(MetadataRulesTest, AnythingElseIsNotThere) {
  for (const char* path : {"/token", "/identity/", "x/identity?audience=a", "/scopes"}) {
    EXPECT_EQ(JudgeTarget(path).status, 404) << path;
  }
  const std::string project = absl::StrCat("/", kSecret, "/computeMetadata/v1/project/project-id");
  EXPECT_EQ(Judge(Get(project)).status, 404);
}

}  // namespace
}  // namespace flyd
