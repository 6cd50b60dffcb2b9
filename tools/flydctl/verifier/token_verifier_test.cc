#include "tools/flydctl/verifier/token_verifier.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/fakes/es256_test_key.h"
#include "tests/status_matchers.h"
#include "tokensvc/claims/token_claims.h"

namespace tools {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class TokenVerifierTest : public testing::Test {
 protected:
  std::string Token(const json& changes = {}) {
    json claims = {{"iss", "https://i/acme"}, {"aud", "a"}, {"nbf", 1'799'999'995}, {"exp", 1'800'000'595}};
    claims.update(changes.is_null() ? json::object() : changes);
    const std::string input =
        tokensvc::SigningInput(tokensvc::TokenHeader("ES256", "k1"), claims.dump());
    return tokensvc::CompactSerialization(input, key_.Sign(input));
  }

  absl::StatusOr<std::string> Fetch(const std::string& url) {
    if (url == "https://i/acme/.well-known/openid-configuration") {
      return json{{"issuer", issuer_}, {"jwks_uri", "https://i/acme/jwks"}}.dump();
    }
    if (url != "https://i/acme/jwks") return absl::NotFoundError(url);
    const std::string point = key_.spki_der().substr(key_.spki_der().size() - 64);
    return json{{"keys", {{{"kty", "EC"}, {"alg", "ES256"}, {"kid", kid_}, {"crv", "P-256"},
                           {"x", absl::WebSafeBase64Escape(point.substr(0, 32))},
                           {"y", absl::WebSafeBase64Escape(point.substr(32))}}}}}.dump();
  }

  absl::Status Verify(const std::string& token, const std::string& audience = "a") {
    const absl::StatusOr<TokenParts> parts = SplitToken(token);
    if (!parts.ok()) return parts.status();
    return VerifyToken(*parts, audience, kNow, [this](const std::string& url) { return Fetch(url); });
  }

  tests::Es256TestKey key_;
  std::string issuer_ = "https://i/acme";
  std::string kid_ = "k1";
};

TEST_F(TokenVerifierTest, AGoodTokenVerifies) { EXPECT_THAT(Verify(Token()), tests::IsOk()); }

TEST_F(TokenVerifierTest, AnotherAudienceIsRefused) {
  EXPECT_THAT(Verify(Token(), "b"), tests::StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("aud: a, want b")));
}

TEST_F(TokenVerifierTest, TimesHaveNoGrace) {
  EXPECT_FALSE(Verify(Token({{"exp", 1'800'000'000}})).ok());
  EXPECT_THAT(Verify(Token({{"exp", 1'800'000'001}})), tests::IsOk());
  EXPECT_FALSE(Verify(Token({{"nbf", 1'800'000'001}})).ok());
}

TEST_F(TokenVerifierTest, AnUnknownKeyIsRefused) {
  kid_ = "k2";
  EXPECT_THAT(Verify(Token()), tests::StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("kid")));
}

TEST_F(TokenVerifierTest, ADiscoveryDocumentOfAnotherIssuerIsRefused) {
  issuer_ = "https://i/other";
  EXPECT_THAT(Verify(Token()), tests::StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("issuer")));
}

TEST_F(TokenVerifierTest, AnAlteredPayloadIsRefused) {
  std::string token = Token();
  token[token.find('.') + 5] ^= 1;
  EXPECT_FALSE(Verify(token).ok());
}

TEST_F(TokenVerifierTest, RubbishIsNotAToken) {
  for (const char* text : {"", "a", "a.b", "a.b.c", "e30.e30.", "....", "W10.W10.AA"}) {
    EXPECT_FALSE(Verify(text).ok()) << text;
  }
}

}  // namespace
}  // namespace tools
