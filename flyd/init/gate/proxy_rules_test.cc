#include "flyd/init/gate/proxy_rules.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"

namespace flyd {
namespace {

constexpr char kMacaroon[] = "FlyV1 fm2_lJPOAAABkZ7EECq0zT1rW9r0RkN+bV5Yb0jCaHR0cHM6L/9hcGku+XhhbXBsZS5jb20vd29ya2Vy/w==";

TEST(MayPassTargetTest, PassesRoutesBelowV1) {
  for (const char* target : {"/v1/tokens/oidc", "/v1/tokens/current", "/v1/apps/web/machines/148e21?x=%20y", "/v1/x.y-z_~"}) {
    EXPECT_TRUE(MayPassTarget(target)) << target;
  }
}

TEST(MayPassTargetTest, StopsWhateverFlydMightReadAsAnotherRoute) {
  for (const char* target :
       {"", "/", "/boot", "/boot/events", "/v1", "/v1/", "/V1/x", "/v2/x", "v1/x", "*", "http://localhost/v1/x", "//v1/x",
        "/v1/../boot", "/v1/./x", "/v1//x", "/v1/x/", "/v1/%2e%2e/boot", "/v1/x\\..\\boot", "/v1/x y", "/v1/x\r\nA: b",
        "/v1/x\x7f", "/v1/x#y"}) {
    EXPECT_FALSE(MayPassTarget(target)) << target;
  }
}

TEST(MayPassHeaderTest, PassesWhatSaysHowToAnswerInAnyCase) {
  for (const char* name : {"Accept", "CONTENT-TYPE", "traceparent"}) EXPECT_TRUE(MayPassRequestHeader(name)) << name;
}

TEST(MayPassHeaderTest, StopsCredentialsAndTheConnectionsOwn) {
  for (const char* name : {"Authorization", "authorization", "Proxy-Authorization", "Cookie", "X-Forwarded-For", "Forwarded", "Host", "Connection", "Transfer-Encoding", "Content-Length",
                           "Expect", "Upgrade"}) {
    EXPECT_FALSE(MayPassRequestHeader(name)) << name;
  }
  EXPECT_FALSE(MayPassAnswerHeader("Authorization"));
  EXPECT_FALSE(MayPassAnswerHeader("WWW-Authenticate"));
  EXPECT_TRUE(MayPassAnswerHeader("Retry-After"));
}

TEST(MayPassHeaderTest, PassesClaimsOfAMachineForFlydToRefuse) {
  for (const char* name : {"Fly-Src", "Fly-Machine-Id", "X-Machine"}) EXPECT_TRUE(MayPassRequestHeader(name)) << name;
}

TEST(HandsOutMacaroonsTest, KnowsTheRouteWithAnyTail) {
  EXPECT_TRUE(HandsOutMacaroons("/v1/tokens/attenuate"));
  EXPECT_TRUE(HandsOutMacaroons("/v1/tokens/attenuate?x"));
  EXPECT_FALSE(HandsOutMacaroons("/v1/tokens/oidc"));
}

TEST(MayPassMethodTest, PassesFour) {
  for (const char* method : {"GET", "POST", "PUT", "DELETE"}) EXPECT_TRUE(MayPassMethod(method));
  for (const char* method : {"HEAD", "TRACE", "CONNECT", "OPTIONS", "PATCH", "get", ""}) EXPECT_FALSE(MayPassMethod(method));
}

TEST(CarriesCredentialTest, FindsItInEveryForm) {
  const std::string secret = kMacaroon;
  EXPECT_TRUE(CarriesCredential(secret, secret));
  EXPECT_TRUE(CarriesCredential(absl::StrCat("x", secret.substr(6), "y"), secret)) << "without its scheme";
  EXPECT_TRUE(CarriesCredential(secret.substr(secret.size() - 40), secret)) << "its proof alone";
  EXPECT_TRUE(CarriesCredential(absl::StrReplaceAll(secret, {{"/", "\\/"}}), secret)) << "as JSON";
  EXPECT_TRUE(CarriesCredential(absl::StrReplaceAll(secret, {{"/", "%2F"}, {"+", "%2b"}}), secret)) << "as a URL";
  EXPECT_TRUE(CarriesCredential(absl::StrReplaceAll(secret, {{"+", "\\u002B"}}), secret)) << "as an escape";
  EXPECT_TRUE(CarriesCredential(absl::StrCat(secret.substr(0, 70), "\r\n ", secret.substr(70)), secret)) << "folded";
}

TEST(CarriesCredentialTest, LeavesOtherTokensAlone) {
  const std::string secret = kMacaroon;
  EXPECT_FALSE(CarriesCredential("", secret));
  EXPECT_FALSE(CarriesCredential("eyJhbGciOiJSUzI1NiJ9.e30.c2ln", secret));
  EXPECT_FALSE(CarriesCredential(secret.substr(0, secret.size() - 30), secret)) << "an attenuated one begins like this";
  EXPECT_FALSE(CarriesCredential("anything", ""));
}

}  // namespace
}  // namespace flyd
