#include "tokensvc/macaroon/chain/macaroon_text.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tokensvc/limits.h"
#include "tokensvc/macaroon/macaroon_limits.h"

namespace tokensvc::macaroon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using tests::IsOk;
using tests::IsOkAndHolds;
using tests::StatusIs;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

struct AcceptedCase {
  const char* name;
  const char* header;
};
class AcceptedTest : public testing::TestWithParam<AcceptedCase> {};

TEST_P(AcceptedTest, IsTheTokenFoo) { EXPECT_THAT(ParseTokens(GetParam().header), IsOkAndHolds(ElementsAre("foo"))); }

INSTANTIATE_TEST_SUITE_P(
    Headers, AcceptedTest,
    testing::Values(AcceptedCase{"FlyV1", "FlyV1 fm2_Zm9v"}, AcceptedCase{"Bearer", "Bearer fm2_Zm9v"},
                    AcceptedCase{"Bare", "fm2_Zm9v"}, AcceptedCase{"AnyCase", "bEARER fm2_Zm9v"},
                    AcceptedCase{"Both", "Bearer FlyV1 fm2_Zm9v"}, AcceptedCase{"Twice", "FlyV1 FlyV1 fm2_Zm9v"},
                    AcceptedCase{"SpacesAround", "  FlyV1   fm2_Zm9v "}, AcceptedCase{"LegacyRoot", "fm1r_Zm9v"},
                    AcceptedCase{"LegacyAuth", "fm1a_Zm9v"}, AcceptedCase{"OAuthBeside", "FlyV1 fo1_x,fm2_Zm9v"}),
    [](const auto& info) { return info.param.name; });

struct RefusedCase {
  const char* name;
  const char* header;
  const char* message;
};
class RefusedTest : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedTest, NamesTheFault) {
  EXPECT_THAT(ParseTokens(GetParam().header), StatusIs(kInvalid, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Headers, RefusedTest,
    testing::Values(RefusedCase{"Empty", "", "token 0: no prefix"}, RefusedCase{"SchemeAlone", "FlyV1", "no prefix"},
                    RefusedCase{"OtherScheme", "Basic fm2_Zm9v", "another prefix"},
                    RefusedCase{"NoSpace", "Bearer FlyV1fm2_Zm9v", "another prefix"},
                    RefusedCase{"OtherPrefix", "fm3_Zm9v", "another prefix"},
                    RefusedCase{"PrefixInAnotherCase", "FM2_Zm9v", "another prefix"},
                    RefusedCase{"SpaceAfterComma", "fm2_Zm9v, fm2_Zm9v", "token 1: another prefix"},
                    RefusedCase{"EmptyElement", "fm2_Zm9v,", "token 1: no prefix"},
                    RefusedCase{"Blank", "fm2_", "token 0: empty"}, RefusedCase{"OnlyOAuth", "fo1_x", "no token"},
                    RefusedCase{"ShortBase64", "FlyV1 fm2_x", "1 characters, want a multiple of 4"}),
    [](const auto& info) { return info.param.name; });

TEST(MacaroonTextTest, TokensKeepTheirOrder) {
  EXPECT_THAT(ParseTokens("FlyV1 fm2_Zm9v,fm1a_YmFy,fm2_Zm9v"), IsOkAndHolds(ElementsAre("foo", "bar", "foo")));
}

TEST(MacaroonTextTest, FormatIsReadBack) {
  const std::vector<std::string> tokens = {"foo", std::string("\0\xff", 2)};
  EXPECT_EQ(FormatTokens(tokens), "FlyV1 fm2_Zm9v,fm2_AP8=");
  EXPECT_THAT(ParseTokens(FormatTokens(tokens)), IsOkAndHolds(tokens));
}

TEST(MacaroonTextTest, AHeaderHasAtMostKMaxMacaroonBytes) {
  const std::string most = absl::StrCat("FlyV1   fm2_", std::string(kMaxMacaroonBytes - 12, 'A'));
  ASSERT_EQ(most.size(), kMaxMacaroonBytes);
  EXPECT_THAT(ParseTokens(most), IsOk());
  EXPECT_THAT(ParseTokens(most + " "), StatusIs(kInvalid, "macaroon: 8193 bytes, want at most 8192"));
}

TEST(MacaroonTextTest, AHeaderHasAtMostKMaxTokensPerHeader) {
  std::vector<std::string> tokens(kMaxTokensPerHeader, "x");
  EXPECT_THAT(ParseTokens(FormatTokens(tokens)), IsOkAndHolds(tokens));
  tokens.push_back("x");
  EXPECT_THAT(ParseTokens(FormatTokens(tokens)), StatusIs(kInvalid, HasSubstr("17 tokens, want at most 16")));
}

TEST(MacaroonTextTest, RefusalsHoldNothingOfTheToken) {
  EXPECT_THAT(ParseTokens("FlyV1 fm2_c2VjcmV0!"), StatusIs(kInvalid, Not(HasSubstr("c2Vj"))));
  EXPECT_THAT(ParseTokens("c2VjcmV0_Zm9v"), StatusIs(kInvalid, Not(HasSubstr("c2Vj"))));
}

struct Base64Case {
  const char* name;
  const char* text;
  const char* bytes;  // nullptr: refused
};
class Base64Test : public testing::TestWithParam<Base64Case> {};

TEST_P(Base64Test, IsCanonicalOrRefused) {
  if (GetParam().bytes == nullptr) {
    EXPECT_THAT(DecodeBase64(GetParam().text), StatusIs(kInvalid, HasSubstr("base64")));
  } else {
    EXPECT_THAT(DecodeBase64(GetParam().text), IsOkAndHolds(std::string(GetParam().bytes)));
    EXPECT_EQ(EncodeBase64(GetParam().bytes), GetParam().text);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Texts, Base64Test,
    testing::Values(Base64Case{"Empty", "", ""}, Base64Case{"OneByte", "Zg==", "f"},
                    Base64Case{"TwoBytes", "Zm8=", "fo"}, Base64Case{"ThreeBytes", "Zm9v", "foo"},
                    Base64Case{"StandardAlphabet", "+/+/", "\xfb\xff\xbf"},
                    Base64Case{"UrlAlphabet", "-_-_", nullptr}, Base64Case{"NoPadding", "Zg", nullptr},
                    Base64Case{"HalfThePadding", "Zg=", nullptr}, Base64Case{"TooMuchPadding", "Zm8==", nullptr},
                    Base64Case{"OnlyPadding", "====", nullptr}, Base64Case{"ThreePadding", "Z===", nullptr},
                    Base64Case{"PaddingInside", "Zg==Zm9v", nullptr}, Base64Case{"TrailingBitsOfTwo", "Zh==", nullptr},
                    Base64Case{"TrailingBitsOfOne", "Zm9=", nullptr}, Base64Case{"LineBreak", "Zm9v\nZm9", nullptr},
                    Base64Case{"HighBit", "Zm9\xf6", nullptr}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tokensvc::macaroon
