#include "flyd/init/tokens/token_lifetime.h"

#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace flyd {
namespace {

TEST(TokenLifetimeTest, IsExpLessIat) {
  EXPECT_EQ(TokenLifetime(absl::StrCat("e30.", absl::WebSafeBase64Escape(R"({"exp":700,"iat":100})"), ".c2ln")),
            absl::Seconds(600));
}

TEST(TokenLifetimeTest, IsNotKnownWhereItCannotBeRead) {
  for (const char* claims : {"", "{}", "[]", R"({"exp":"700","iat":100})", R"({"exp":100,"iat":100})", R"({"exp":7.5,"iat":1})",
                             R"({"exp":99,"iat":100})", R"({"iat":100})"}) {
    EXPECT_EQ(TokenLifetime(absl::StrCat("e30.", absl::WebSafeBase64Escape(claims), ".c2ln")), std::nullopt) << claims;
  }
  for (const char* token : {"", "x", "a.b", "a.%.c", "a.b.c.d"}) EXPECT_EQ(TokenLifetime(token), std::nullopt) << token;
}

}  // namespace
}  // namespace flyd
