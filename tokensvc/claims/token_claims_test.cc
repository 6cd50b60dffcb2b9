#include "tokensvc/claims/token_claims.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tokensvc {
namespace {

const absl::Time kSignedAt = absl::FromUnixMillis(1712099058'999);

TokenClaims Example() {
  return {.identity = {.organization_id = 11111111,
                       .organization_slug = "acme",
                       .app_id = 22222222,
                       .app_name = "web",
                       .machine_id = "148e21ea7e46e8",
                       .machine_name = "m1",
                       .machine_version = "01HTGGC1TZ2JHK83J4AC0R3VET",
                       .image = "web:7",
                       .image_digest = "sha256:2c1c",
                       .region = "yyz",
                       .subject_scope = SubjectScope::kMachine},
          .issuer = "https://oidc.example/acme",
          .audience = "sts.amazonaws.com",
          .jti = "93ca09e1-70e0-477b-a260-1d8fcd4ef4f4",
          .signed_at = kSignedAt,
          .aws_principal_tags = false,
          .aws_role_arn = ""};
}

TEST(TokenPayloadTest, HasTheSeventeenClaimsInOrder) {
  EXPECT_EQ(TokenPayload(Example()),
            R"({"app_id":"22222222","app_name":"web","aud":"sts.amazonaws.com","exp":1712099653,"iat":1712099053,)"
            R"("image":"web:7","image_digest":"sha256:2c1c","iss":"https://oidc.example/acme",)"
            R"("jti":"93ca09e1-70e0-477b-a260-1d8fcd4ef4f4","machine_id":"148e21ea7e46e8","machine_name":"m1",)"
            R"("machine_version":"01HTGGC1TZ2JHK83J4AC0R3VET","nbf":1712099053,"org_id":"11111111",)"
            R"("org_name":"acme","region":"yyz","sub":"acme:web:m1"})");
}

TEST(TokenPayloadTest, TimesAreFlooredAndFiveSecondsInThePast) {
  EXPECT_EQ(IssuedUnix(kSignedAt), 1712099053);
  EXPECT_EQ(ExpiresUnix(kSignedAt), 1712099653);
}

TEST(TokenPayloadTest, PrincipalTagsAreArraysOfOneString) {
  TokenClaims claims = Example();
  claims.aws_principal_tags = true;
  EXPECT_THAT(TokenPayload(claims),
              testing::HasSubstr(R"("https://aws.amazon.com/tags":{"principal_tags":{"app_name":["web"],)"
                                 R"("machine_id":["148e21ea7e46e8"],"machine_name":["m1"],"org_name":["acme"],)"
                                 R"("region":["yyz"]}})"));
}

TEST(TokenPayloadTest, RoleIsPinnedWhereOneIsGiven) {
  TokenClaims claims = Example();
  claims.aws_role_arn = "arn:aws:iam::123456789012:role/r";
  EXPECT_THAT(TokenPayload(claims),
              testing::HasSubstr(R"("https://aws.amazon.com/roles":"arn:aws:iam::123456789012:role/r")"));
}

TEST(TokenHeaderTest, IsExactlyAlgKidTyp) {
  EXPECT_EQ(TokenHeader("RS256", "abc"), R"({"alg":"RS256","kid":"abc","typ":"JWT"})");
}

// The example of RFC 7515, appendix A.3, whose parts are published.
TEST(CompactSerializationTest, AgreesWithRfc7515AppendixA3) {
  const std::string input = SigningInput(R"({"alg":"ES256"})",
                                         "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
                                         "\"http://example.com/is_root\":true}");
  EXPECT_EQ(input,
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290"
            "Ijp0cnVlfQ");
  EXPECT_EQ(CompactSerialization("a.b", std::string("\xff\xfe", 2)), "a.b.__4");
}

}  // namespace
}  // namespace tokensvc
