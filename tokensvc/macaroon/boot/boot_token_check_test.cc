#include "tokensvc/macaroon/boot/boot_token_check.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tokensvc/macaroon/boot/boot_token.h"
#include "tokensvc/macaroon/chain/macaroon.h"
#include "tokensvc/macaroon/chain/macaroon_text.h"

namespace tokensvc::macaroon {
namespace {

using storage::SecretBytes;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using tests::IsOk;
using tests::StatusIs;

constexpr absl::StatusCode kUnauthenticated = absl::StatusCode::kUnauthenticated;
constexpr absl::StatusCode kDenied = absl::StatusCode::kPermissionDenied;
constexpr char kMachine[] = "148e21ea7e46e8";

const SecretBytes& RootKey() {
  static const SecretBytes* const key = new SecretBytes(std::string(32, 'k'));
  return *key;
}
BootTokenParams Params() {
  return {.kid = "kid-1", .rnd = std::string(16, 'r'), .organization_id = 1, .app_id = 2, .machine_id = kMachine};
}
BootExpectation Boot() {
  return {.kid = "kid-1",
          .rnd = std::string(16, 'r'),
          .organization_id = 1,
          .app_id = 2,
          .machine_id = kMachine,
          .source_machine_id = kMachine};
}
std::string Token(const BootTokenParams& params = Params()) { return MintBootToken(RootKey(), params).value(); }

constexpr BootAccess kMint = {.feature = kOidcFeature, .action = Action::kCreate};

absl::StatusOr<ClearedBootToken> Check(absl::string_view header, const BootExpectation& boot = Boot(),
                                       const BootAccess& access = kMint) {
  return CheckBootToken(
      header, boot, [](absl::string_view kid) { return kid == "kid-1" ? &RootKey() : nullptr; }, access);
}

// A token of the boot's nonce and key with other caveats: what a machine could hold if flyd had given it out.
std::string TokenOf(const std::vector<Caveat>& caveats, std::string location = std::string(kPermissionLocation)) {
  const Nonce nonce{.kid = "kid-1", .rnd = std::string(16, 'r')};
  return FormatTokens({Macaroon::Mint(RootKey(), nonce, location, caveats).value().Encode()});
}

std::string Attenuated(const Caveat& caveat) {
  Macaroon macaroon = Macaroon::Decode(ParseTokens(Token())->front()).value();
  EXPECT_THAT(macaroon.Attenuate({caveat}), IsOk());
  return FormatTokens({macaroon.Encode()});
}

TEST(BootTokenCheckTest, TheBootsOwnTokenIsCleared) {
  const absl::StatusOr<ClearedBootToken> cleared = Check(Token());
  ASSERT_THAT(cleared, IsOk());
  EXPECT_EQ(cleared->organization_id(), 1u);
  EXPECT_THAT(cleared->token_id(), SizeIs(36));
  EXPECT_THAT(cleared->caveats(), SizeIs(5));
}

TEST(BootTokenCheckTest, ItReadsTheRecordToo) {
  EXPECT_THAT(Check(Token(), Boot(), {.feature = kMetadataFeature, .action = Action::kRead}), IsOk());
}

TEST(BootTokenCheckTest, TheSchemeIsFlyV1OrBearerOrAbsent) {
  const std::string bare = Token().substr(6);
  EXPECT_THAT(Check(bare), IsOk());
  EXPECT_THAT(Check("Bearer " + bare), IsOk());
  for (const char* scheme : {"flyv1 ", "bearer ", "Basic ", "FlyV1 FlyV1 ", "FlyV1  ", " FlyV1 ", "FlyV1"}) {
    EXPECT_THAT(Check(scheme + bare), StatusIs(kUnauthenticated, HasSubstr("want FlyV1 fm2_"))) << scheme;
  }
}

// Ids of each length modulo 3, so that base64 ends with no, one and two padding characters.
class BootTokenSweepTest : public testing::TestWithParam<size_t> {};

TEST_P(BootTokenSweepTest, ATokenAlteredInAnySingleBitIsRefused) {
  const std::string machine(GetParam(), 'm');
  BootTokenParams params = Params();
  params.machine_id = machine;
  BootExpectation boot = Boot();
  boot.machine_id = boot.source_machine_id = machine;
  const std::string token = Token(params);
  ASSERT_THAT(Check(token, boot), IsOk());
  for (size_t bit = 0; bit < token.size() * 8; ++bit) {
    std::string forged = token;
    forged[bit / 8] ^= static_cast<char>(1 << bit % 8);
    EXPECT_THAT(Check(forged, boot), StatusIs(kUnauthenticated)) << "bit " << bit;
  }
}

INSTANTIATE_TEST_SUITE_P(Padding, BootTokenSweepTest, testing::Values(13, 14, 15),
                         [](const auto& info) { return "MachineIdOf" + std::to_string(info.param); });

TEST(BootTokenCheckTest, ABinaryAlteredInAnySingleBitIsRefused) {
  const std::string token = ParseTokens(Token())->front();
  for (size_t bit = 0; bit < token.size() * 8; ++bit) {
    std::string forged = token;
    forged[bit / 8] ^= static_cast<char>(1 << bit % 8);
    EXPECT_THAT(Check(FormatTokens({forged})), StatusIs(kUnauthenticated)) << "bit " << bit;
  }
}

TEST(BootTokenCheckTest, EveryShorterTokenIsRefused) {
  const std::string token = Token();
  for (size_t length = 0; length < token.size(); ++length) {
    EXPECT_THAT(Check(token.substr(0, length)), StatusIs(kUnauthenticated)) << length;
  }
}

struct BootCase {
  const char* name;
  void (*change)(BootExpectation&);
  absl::StatusCode code;
  const char* message;
};
class OtherBootTest : public testing::TestWithParam<BootCase> {};

TEST_P(OtherBootTest, RefusesTheToken) {
  BootExpectation boot = Boot();
  GetParam().change(boot);
  EXPECT_THAT(Check(Token(), boot), StatusIs(GetParam().code, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Boots, OtherBootTest,
    testing::Values(
        BootCase{"AnEarlierOne", [](BootExpectation& b) { b.rnd[15] = 's'; }, kUnauthenticated, "this boot's is"},
        BootCase{"AnotherKid", [](BootExpectation& b) { b.kid = "kid-2"; }, kUnauthenticated, "this boot's is"},
        BootCase{"AnotherOrganization", [](BootExpectation& b) { b.organization_id = 9; }, kDenied, "organization 9"},
        BootCase{"AnotherApp", [](BootExpectation& b) { b.app_id = 9; }, kDenied, "(Apps): app 9"},
        BootCase{"AnotherMachine", [](BootExpectation& b) { b.machine_id = "m2"; }, kDenied, "(Machines): machine m2"},
        BootCase{"AnotherSocket", [](BootExpectation& b) { b.source_machine_id = "m2"; }, kDenied,
                 "(FromMachineSource): source machine m2"}),
    [](const auto& info) { return info.param.name; });

TEST(BootTokenCheckTest, AKeyThatIsNotHereRefuses) {
  EXPECT_THAT(CheckBootToken(
                  Token(), Boot(), [](absl::string_view) -> const SecretBytes* { return nullptr; }, kMint),
              StatusIs(kUnauthenticated, HasSubstr("root key")));
}

TEST(BootTokenCheckTest, AnotherWorkersKeyRefuses) {
  const SecretBytes other(std::string(32, 'x'));
  EXPECT_THAT(CheckBootToken(
                  Token(), Boot(), [&other](absl::string_view) { return &other; }, kMint),
              StatusIs(kUnauthenticated, HasSubstr("another tail")));
}

TEST(BootTokenCheckTest, ExactlyOneTokenIsTaken) {
  const std::string bare = Token().substr(6);
  const std::string discharge = EncodeBase64(
      Macaroon::Mint(RootKey(), Nonce{.kid = "ticket", .proof = true}, "https://auth.fly.io", {})->Encode());
  for (const std::string& second : {bare, absl::StrCat("fm2_", discharge), std::string("fo1_x")}) {
    EXPECT_THAT(Check(absl::StrCat("FlyV1 ", bare, ",", second)), StatusIs(kUnauthenticated, HasSubstr("several")));
    EXPECT_THAT(Check(absl::StrCat("FlyV1 ", second, ",", bare)), StatusIs(kUnauthenticated)) << second.substr(0, 4);
  }
  EXPECT_THAT(Check(absl::StrCat("FlyV1 ", bare, ",")), StatusIs(kUnauthenticated));
}

TEST(BootTokenCheckTest, OtherKindsOfTokenAreRefused) {
  const std::string base64 = Token().substr(10);
  for (const std::string& header :
       {std::string(), std::string("FlyV1 "), "FlyV1 fm1r_" + base64, "FlyV1 fm1a_" + base64, "FlyV1 fo1_" + base64,
        base64, std::string("FlyV1 fm2_o2Zvbw=="), std::string("Bearer eyJhbGciOiJSUzI1NiJ9.e30.x")}) {
    EXPECT_THAT(Check(header), StatusIs(kUnauthenticated)) << header.substr(0, 12);
  }
}

TEST(BootTokenCheckTest, AHeaderOfMoreThan8KiBIsRefusedUnread) {
  EXPECT_THAT(Check("FlyV1 fm2_" + std::string(8192 - 10 + 1, 'A')),
              StatusIs(kUnauthenticated, "macaroon: 8193 bytes, want at most 8192"));
}

TEST(BootTokenCheckTest, AnotherLocationIsNoPermissionToken) {
  EXPECT_THAT(Check(TokenOf({{Organization{1, Action::kAll}}}, "https://api.fly.io/secrets/v1")),
              StatusIs(kUnauthenticated, HasSubstr("another location")));
}

TEST(BootTokenCheckTest, ATokenWithoutAnOrganizationIsRefused) {
  EXPECT_THAT(Check(TokenOf({})), StatusIs(kDenied, HasSubstr("no organization")));
  EXPECT_THAT(Check(TokenOf({{Organization{0, Action::kAll}}})), StatusIs(kDenied, HasSubstr("no organization")));
}

TEST(BootTokenCheckTest, AnAttenuatedCopyAllowsLess) {
  const Caveat metadata_only{MachineFeatureSet{{{"metadata", Action::kRead}}}};
  EXPECT_THAT(Check(Attenuated(metadata_only)), StatusIs(kDenied, HasSubstr("machine feature oidc")));
  EXPECT_THAT(Check(Attenuated(metadata_only), Boot(), {.feature = kMetadataFeature, .action = Action::kRead}), IsOk());
}

TEST(BootTokenCheckTest, AnExpiredCopyIsRefused) {
  const std::string token = Attenuated({ValidityWindow{100, 200}});
  BootAccess access = kMint;
  access.now = absl::FromUnixSeconds(200);
  EXPECT_THAT(Check(token, Boot(), access), IsOk());
  access.now += absl::Nanoseconds(1);
  EXPECT_THAT(Check(token, Boot(), access), StatusIs(kDenied, HasSubstr("token ended at 200")));
}

TEST(BootTokenCheckTest, CaveatsThatNeedMoreThanTheTokenAreRefused) {
  EXPECT_THAT(Check(Attenuated({ThirdParty{"https://auth.fly.io", "k", "t"}})),
              StatusIs(kUnauthenticated, HasSubstr("no discharge")));
  EXPECT_THAT(Check(Attenuated({BindToParentToken{"x"}})), StatusIs(kUnauthenticated, HasSubstr("no parent")));
  EXPECT_THAT(Check(Attenuated({Unregistered{99, "\xc0"}})), StatusIs(kDenied, HasSubstr("an unknown type")));
  EXPECT_THAT(Check(Attenuated({ConfineUser{1}})), StatusIs(kDenied, HasSubstr("a condition of discharges")));
}

TEST(BootTokenCheckTest, AnotherFeatureIsRefused) {
  EXPECT_THAT(Check(Token(), Boot(), {.feature = "exec", .action = Action::kRead}),
              StatusIs(kDenied, HasSubstr("machine feature exec")));
}

TEST(BootTokenCheckTest, RefusalsHoldNothingOfTheToken) {
  const std::string tail = Token().substr(Token().size() - 40);
  BootExpectation boot = Boot();
  boot.machine_id = "m2";
  EXPECT_THAT(Check(Token(), boot), StatusIs(kDenied, Not(HasSubstr(tail.substr(0, 8)))));
  EXPECT_THAT(Check(Token() + "!"), StatusIs(kUnauthenticated, Not(HasSubstr(tail.substr(0, 8)))));
}

}  // namespace
}  // namespace tokensvc::macaroon
