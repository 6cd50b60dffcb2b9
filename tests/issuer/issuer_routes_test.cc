#include "tokensvc/issuer/issuer_routes.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/issuer/test_bundle.h"
#include "tests/status_matchers.h"
#include "tokensvc/http/http_message.h"
#include "tokensvc/issuer/bundle_store.h"

namespace tests {
namespace {

using tokensvc::BundleStore;
using tokensvc::HttpRequest;
using tokensvc::HttpResponse;

constexpr char kDiscoveryTail[] =
    R"("response_types_supported":["id_token"],"scopes_supported":["openid"],"subject_types_supported":["public"]})";
constexpr char kClaims[] =
    R"("claims_supported":["app_id","app_name","aud","exp","iat","image","image_digest","iss","jti","machine_id",)"
    R"("machine_name","machine_version","nbf","org_id","org_name","region","sub"],)";
constexpr char kAcmeJwk[] =
    R"({"alg":"RS256","e":"AQAB","kid":"hiaJ2p6UnO2nTcccgqhDQy","kty":"RSA","n":")"
    "zErQjLYySIhG9lqIr3kdhv5ON2AlEJSIxaTLL-lDNggWoFrw9ggtuKpOLBvg8EFFLYZ7hTWkPSKjvSt0EfUCugSjELoKGy8_boF-"
    "w78wrWtUX_2f21bQoBpg0OWJSG52OIx6kM1Wc3O33GvUBGd5th4NbQ5Sn5zC-hwC_-DUsgvnnQydkxkqI2r2VM3NLmlMMHL5_pCj"
    "AX_LkNCyWndbrIQKNQVMvYpgGZ4xbsXIy5O8G7uUtFKM3x53pD8AOx2jcDz5Bn4JZvpGBp0zQasPPMkLU97j79mVabPpzX2T_uzp"
    "ZC9yXekCIEZw0S_q1pgMuurNYsRkPWUSy-1-rxZVTw"
    R"(","use":"sig"})";
constexpr char kGlobexJwk[] =
    R"({"alg":"ES256","crv":"P-256","kid":"Gc6Ov0c4InOFs9GdA9Td9M","kty":"EC","use":"sig",)"
    R"("x":"myYJk3-EoarNEs-c-00X-VQs4tcilV_nvMgVaCz3wVw","y":"5bDNN7Yi9i5qpZLEJ9Q-ws5uj6Z0v_Hwfg0UCZWScm8"})";

class IssuerRoutesTest : public testing::Test {
 protected:
  IssuerRoutesTest() {
    absl::StatusOr<std::unique_ptr<BundleStore>> opened = BundleStore::Open(folder_.path(), "dev.example", "", clock_);
    EXPECT_THAT(opened, IsOk());
    bundles_ = *std::move(opened);
  }
  void TakeBundle() { ASSERT_THAT(bundles_->Take(SignedTestBundle(key_)), IsOk()); }
  HttpResponse Get(const std::string& target, const std::string& if_none_match = "") {
    return tokensvc::RouteIssuerRequest(
        {.method = "GET", .target = target, .headers = {{"Host", "evil.example"}, {"If-None-Match", if_none_match}}},
        *bundles_, clock_.Now());
  }
  std::string CacheControl(const std::string& target) { return Field(Get(target), "Cache-Control"); }
  static std::string Field(const HttpResponse& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }

  ScratchFolder folder_;
  FakeClock clock_{kBundleStart + absl::Hours(1)};
  Es256TestKey key_;
  std::unique_ptr<BundleStore> bundles_;
};

TEST_F(IssuerRoutesTest, DiscoveryOfAnRs256OrganizationHasExactlyTheseBytes) {
  TakeBundle();
  const HttpResponse answer = Get("/acme/.well-known/openid-configuration");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(answer.body, std::string(R"({"authorization_endpoint":"https://oidc.example/acme/authorize",)") + kClaims +
                             R"("id_token_signing_alg_values_supported":["RS256"],)"
                             R"("issuer":"https://oidc.example/acme",)"
                             R"("jwks_uri":"https://oidc.example/acme/.well-known/jwks",)" +
                             kDiscoveryTail);
}

TEST_F(IssuerRoutesTest, DiscoveryNamesTheOneAlgorithmOfTheOrganization) {
  TakeBundle();
  EXPECT_TRUE(absl::StrContains(Get("/globex/.well-known/openid-configuration").body,
                                R"("id_token_signing_alg_values_supported":["ES256"])"));
}

TEST_F(IssuerRoutesTest, JwksOfAnRs256OrganizationHasExactlyTheseBytes) {
  TakeBundle();
  EXPECT_EQ(Get("/acme/.well-known/jwks").body, std::string(R"({"keys":[)") + kAcmeJwk + "]}");
}

TEST_F(IssuerRoutesTest, JwksPutsTheSigningKeyFirstAndThePreparedOneAfterIt) {
  TakeBundle();
  const std::string body = Get("/globex/.well-known/jwks").body;
  EXPECT_TRUE(absl::StartsWith(body, std::string(R"({"keys":[)") + kGlobexJwk + R"(,{"alg":"ES256")")) << body;
  EXPECT_FALSE(absl::StrContains(body, "RSA"));
}

TEST_F(IssuerRoutesTest, DocumentsFollowTheScheduleWithoutANewBundle) {
  TakeBundle();
  clock_.Advance(absl::Hours(24));  // es256-2 signs
  EXPECT_FALSE(absl::StartsWith(Get("/globex/.well-known/jwks").body, std::string(R"({"keys":[)") + kGlobexJwk));
  EXPECT_TRUE(absl::EndsWith(Get("/globex/.well-known/jwks").body, std::string(kGlobexJwk) + "]}"));
  clock_.Advance(absl::Hours(24));  // es256-1 is removed
  EXPECT_FALSE(absl::StrContains(Get("/globex/.well-known/jwks").body, kGlobexJwk));
}

TEST_F(IssuerRoutesTest, AStoppedOrganizationKeepsItsKeysAndADeletedOneHasNone) {
  TakeBundle();
  EXPECT_TRUE(absl::StrContains(Get("/stopped/.well-known/jwks").body, R"("kty":"RSA")"));
  EXPECT_EQ(Get("/gone/.well-known/jwks").status, 404);
  EXPECT_EQ(Get("/gone/.well-known/openid-configuration").status, 404);
}

TEST_F(IssuerRoutesTest, OneKeyHasAnotherKidInEachOrganization) {
  TakeBundle();
  EXPECT_FALSE(absl::StrContains(Get("/stopped/.well-known/jwks").body, "hiaJ2p6UnO2nTcccgqhDQy"));
}

TEST_F(IssuerRoutesTest, ACopyThatIsCurrentIsAnswered304WithoutABody) {
  TakeBundle();
  const HttpResponse first = Get("/acme/.well-known/jwks");
  const std::string etag = Field(first, "ETag");
  EXPECT_TRUE(absl::StartsWith(etag, "\"")) << etag;
  EXPECT_EQ(Field(first, "Cache-Control"), "public, max-age=30, s-maxage=30, stale-if-error=86400");
  const HttpResponse again = Get("/acme/.well-known/jwks", "\"other\", " + etag);
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(Field(again, "ETag"), etag);
  EXPECT_EQ(Field(again, "Cache-Control"), Field(first, "Cache-Control"));
  EXPECT_EQ(Get("/acme/.well-known/jwks", "\"other\"").status, 200);
}

TEST_F(IssuerRoutesTest, PathsThatAreNotKnownAre404AndNeverRedirects) {
  TakeBundle();
  for (const char* target : {"/", "/acme", "/nobody/.well-known/jwks", "/acme/.well-known/jwks/", "/acme//.well-known/jwks",
                             "/acme/.well-known/other", "/ACME/.well-known/jwks", "/%61cme/.well-known/jwks", "*"}) {
    EXPECT_EQ(Get(target).status, 404) << target;
  }
}

TEST_F(IssuerRoutesTest, KeysAreKeptForAsLongAsTheScheduleAllowsAndDiscoveryAlways) {
  clock_.StepWall(kBundleStart + absl::Minutes(59));  // rs256-2 is published in a minute and signs in 61
  ASSERT_THAT(bundles_->Take(SignedTestBundle(key_, {.crowded = true})), IsOk());
  EXPECT_EQ(CacheControl("/acme/.well-known/jwks"), "public, max-age=30, s-maxage=30, stale-if-error=3599");
  EXPECT_EQ(CacheControl("/acme/.well-known/openid-configuration"),
            "public, max-age=30, s-maxage=30, stale-if-error=86400");
  EXPECT_EQ(CacheControl("/globex/.well-known/jwks"), "public, max-age=30, s-maxage=30, stale-if-error=86400");
  clock_.StepWall(kBundleStart + absl::Minutes(60));  // now it stands in the document
  EXPECT_EQ(CacheControl("/acme/.well-known/jwks"), "public, max-age=30, s-maxage=30, stale-if-error=86400");
}

TEST_F(IssuerRoutesTest, AKeyThatWillSignIsShownBeforeThoseThatDid) {
  TakeBundle();
  std::string alone = Get("/globex/.well-known/jwks").body;  // the one that signs and the next
  ASSERT_THAT(bundles_->Take(SignedTestBundle(key_, {.crowded = true})), IsOk());
  const std::string crowded = Get("/globex/.well-known/jwks").body;
  alone.resize(alone.size() - 2);
  EXPECT_TRUE(absl::StartsWith(crowded, alone + ",{")) << crowded;
  EXPECT_EQ(CacheControl("/globex/.well-known/jwks"), "public, max-age=30, s-maxage=30, stale-if-error=86400");
}

TEST_F(IssuerRoutesTest, RefusalsAreKeptByNobody) {
  EXPECT_EQ(CacheControl("/acme/.well-known/jwks"), "no-store");
  TakeBundle();
  EXPECT_EQ(CacheControl("/nobody/.well-known/jwks"), "no-store");
}

TEST_F(IssuerRoutesTest, EveryAnswerHasItsDate) {
  clock_.StepWall(absl::FromUnixSeconds(784111777));
  EXPECT_EQ(Field(Get("/healthz"), "Date"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(Field(Get("/none"), "Date"), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_F(IssuerRoutesTest, OtherMethodsAreRefused) {
  TakeBundle();
  const HttpResponse answer =
      tokensvc::RouteIssuerRequest({.method = "POST", .target = "/acme/.well-known/jwks"}, *bundles_, clock_.Now());
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(Field(answer, "Allow"), "GET, HEAD");
}

TEST_F(IssuerRoutesTest, ItIsAliveButNotReadyBeforeTheFirstBundle) {
  EXPECT_EQ(Get("/healthz").status, 200);
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/acme/.well-known/jwks").status, 503);
  TakeBundle();
  EXPECT_EQ(Get("/readyz").status, 200);
}

}  // namespace
}  // namespace tests
