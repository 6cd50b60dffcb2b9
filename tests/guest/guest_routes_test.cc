// What a machine may read of itself, and the weaker Macaroons that it can have.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/guest/guest_fixture.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class GuestRoutesTest : public GuestFixture {
 protected:
  GuestAnswer Get(const std::string& target) { return GetWith(Macaroon(kOne), target); }
  GuestAnswer GetWith(const std::string& macaroon, const std::string& target) {
    return Exchange(kOne, absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: x\r\nAuthorization: ", macaroon, "\r\n\r\n"));
  }
  GuestAnswer PostWith(const std::string& macaroon, const std::string& target, const std::string& body) {
    return Post(kOne, absl::StrCat("Authorization: ", macaroon, "\r\n"), body, target);
  }
  std::string Weaker(const std::string& body) {
    const GuestAnswer answer = PostWith(Macaroon(kOne), "/v1/tokens/attenuate", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_THAT(answer.head, HasSubstr("Cache-Control: no-store"));
    return json::parse(answer.body)["macaroon"];
  }
  int MintWith(const std::string& macaroon) { return PostWith(macaroon, "/v1/tokens/oidc", "").status; }
  static std::string Own(const std::string& rest = "") { return absl::StrCat("/v1/apps/web/machines/", kOne, rest); }
};

TEST_F(GuestRoutesTest, ItsOwnRecordIsTheBootsInTheWordsOfTheMachinesApi) {
  const GuestAnswer answer = Get(Own());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body),
            json({{"id", kOne},
                  {"name", "m14"},
                  {"state", "started"},
                  {"region", "yyz"},
                  {"instance_id", "01HTGGC1TZ2JHK83J4AC0R3VET"},
                  {"version", "01HTGGC1TZ2JHK83J4AC0R3VET"},
                  {"image_ref", {{"repository", "host"}, {"digest", "sha256:00"}}}}));
}

TEST_F(GuestRoutesTest, ItsMetadataIsOneObjectOfStrings) {
  EXPECT_EQ(Get(Own("/metadata")).body, R"({})");
  boots_.registry.Amend(kOne, [](flyd::BootView& view) { view.metadata = {{"role", "primary"}, {"a", "\xff"}}; });
  EXPECT_EQ(Get(Own("/metadata")).body, "{\"a\":\"\xef\xbf\xbd\",\"role\":\"primary\"}");
}

TEST_F(GuestRoutesTest, AnotherMachinesRecordAndOtherPartsAreNotFound) {
  for (const std::string& target : {absl::StrCat("/v1/apps/web/machines/", kTwo), absl::StrCat("/v1/apps/web/machines/", kTwo, "/metadata"),
                                    absl::StrCat("/v1/apps/other/machines/", kOne), Own("/"), Own("/metadata/"), Own("/events"),
                                    std::string("/v1/apps/")}) {
    EXPECT_EQ(Get(target).status, 404) << target;
  }
}

TEST_F(GuestRoutesTest, TheCurrentTokenIsNamedAndNotShown) {
  const GuestAnswer answer = Get("/v1/tokens/current");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr(absl::StrCat("\"restricted_to_machine\":\"", kOne, "\"")));
  EXPECT_THAT(answer.body, testing::Not(HasSubstr("fm2_")));
}

TEST_F(GuestRoutesTest, AMacaroonNarrowedToMetadataReadsAndDoesNotMint) {
  const std::string weaker = Weaker(R"({"features":["metadata"]})");
  EXPECT_EQ(GetWith(weaker, Own("/metadata")).status, 200);
  EXPECT_EQ(MintWith(weaker), 403);
  EXPECT_EQ(signer_.asked(), 0);
}

TEST_F(GuestRoutesTest, AMacaroonNarrowedToOidcMintsAndDoesNotRead) {
  const std::string weaker = Weaker(R"({"features":["oidc"]})");
  EXPECT_EQ(MintWith(weaker), 200);
  EXPECT_EQ(GetWith(weaker, Own()).status, 403);
}

TEST_F(GuestRoutesTest, AMacaroonNarrowedToReadingDoesNotMint) {
  const std::string weaker = Weaker(R"({"actions":"r"})");
  EXPECT_EQ(GetWith(weaker, Own()).status, 200);
  EXPECT_EQ(MintWith(weaker), 403);
}

TEST_F(GuestRoutesTest, AMacaroonThatExpiresIsGoodUntilThenAndIsNotWidenedAgain) {
  const std::string weaker = Weaker(R"({"expires_in_seconds":60})");
  clock_.Advance(absl::Seconds(60));
  EXPECT_EQ(MintWith(weaker), 200);
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(MintWith(weaker), 403);
  EXPECT_EQ(PostWith(weaker, "/v1/tokens/attenuate", R"({"expires_in_seconds":86400})").status, 403);
  EXPECT_EQ(MintWith(Macaroon(kOne)), 200);
}

TEST_F(GuestRoutesTest, AWeakerMacaroonDiesWithItsBoot) {
  const std::string weaker = Weaker(R"({"actions":"rc"})");
  EXPECT_EQ(MintWith(weaker), 200);
  Boot(kOne);
  EXPECT_EQ(MintWith(weaker), 401);
}

class BadAttenuationTest : public GuestRoutesTest, public testing::WithParamInterface<const char*> {};

TEST_P(BadAttenuationTest, IsA400) {
  EXPECT_EQ(PostWith(Macaroon(kOne), "/v1/tokens/attenuate", GetParam()).status, 400) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Each, BadAttenuationTest,
                         testing::Values("", "{}", "[]", R"({"features":[]})", R"({"features":"oidc"})",
                                         R"({"features":["oidc","oidc"]})", R"({"features":["*"]})", R"({"features":[""]})",
                                         R"({"features":[1]})", R"({"actions":"*"})", R"({"actions":"x"})", R"({"actions":1})",
                                         R"({"expires_in_seconds":0})", R"({"expires_in_seconds":86401})",
                                         R"({"expires_in_seconds":-1})", R"({"expires_in_seconds":1.5})",
                                         R"({"expires_in_seconds":"60"})", R"({"machine":"x"})"));

}  // namespace
}  // namespace tests
