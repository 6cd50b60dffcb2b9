#include "tokensvc/macaroon/chain/macaroon.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tokensvc/macaroon/chain/macaroon_text.h"
#include "tokensvc/macaroon/macaroon_limits.h"

namespace tokensvc::macaroon {
namespace {

using storage::SecretBytes;
using testing::HasSubstr;
using testing::SizeIs;
using tests::IsOk;
using tests::StatusIs;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

// The worked example: key 00..1f, KID "kid0", Rnd 10..1f.
std::string Ascending(char first, size_t count) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(first + i));
  return bytes;
}
SecretBytes Key() { return SecretBytes(Ascending(0, 32)); }
Nonce ExampleNonce() { return Nonce{.kid = "kid0", .rnd = Ascending(0x10, 16)}; }
std::vector<Caveat> ExampleCaveats() {
  return {{Organization{123, Action::kAll}},
          {IfPresent{{{Machines{{{"m1", Action::kRead | Action::kWrite}}}}}, Action::kRead}},
          {FromMachineSource{"148e21ea7e46e8"}},
          {ValidityWindow{1700000000, 1700000600}}};
}
constexpr char kExampleText[] =
    "FlyV1 fm2_lJPEBGtpZDDEEBAREhMUFRYXGBkaGxwdHh/CtWh0dHBzOi8vYXBpLmZseS5pby92MZgAknsfDZKSB5GBom0xAwEPka4xNDhlMjFlYTdl"
    "NDZlOASSzmVT8QDOZVPzWMQgfORHmyrIcApZAAX5Ag7Iygejrf6kam/ESewI2w89Ods=";

Macaroon Mint(const std::vector<Caveat>& caveats, Nonce nonce = ExampleNonce()) {
  absl::StatusOr<Macaroon> macaroon =
      Macaroon::Mint(Key(), std::move(nonce), std::string(kPermissionLocation), caveats);
  EXPECT_THAT(macaroon, IsOk());
  return *std::move(macaroon);
}

std::string TailHex(const Macaroon& macaroon) { return absl::BytesToHexString(macaroon.tail()); }

TEST(MacaroonTest, MintsTheWorkedExample) {
  const Macaroon macaroon = Mint(ExampleCaveats());
  EXPECT_EQ(FormatTokens({macaroon.Encode()}), kExampleText);
  EXPECT_THAT(macaroon.Encode(), SizeIs(128));
}

TEST(MacaroonTest, TheChainStartsWithTheNonce) {
  EXPECT_EQ(TailHex(Mint({})), "0b2b31db3f17493cdc9402b1b98074cea6ee722b90a0b5dc07ebdede88307d23");
  Nonce v0 = ExampleNonce();
  v0.version = NonceVersion::kV0;
  EXPECT_EQ(TailHex(Mint({}, v0)), "d223c01d2a764bed1aae248e6378be9a417297c759a9da44d4651e612c38979a");
}

TEST(MacaroonTest, AttenuationGoesOnFromTheTailAlone) {
  const char* const tails[] = {"b9460210ccb7d61fc402de221b22cb4756184201b17ee1e090145f6a7f9b4526",
                               "80b8146187b431c054a6ce860f8a8af9bd5d74a2874b60221d365210e6e76d23",
                               "9dfe726c20cef6f972b11eb40dfdc8cc333962132af865c65513545264d301d2",
                               "7ce4479b2ac8700a590005f9020ec8ca07a3adfea46a6fc449ec08db0f3d39db"};
  absl::StatusOr<Macaroon> macaroon = Macaroon::Decode(Mint({}).Encode());
  ASSERT_THAT(macaroon, IsOk());
  for (size_t i = 0; i < 4; ++i) {
    ASSERT_THAT(macaroon->Attenuate({ExampleCaveats()[i]}), IsOk());
    EXPECT_EQ(TailHex(*macaroon), tails[i]);
  }
  EXPECT_EQ(FormatTokens({macaroon->Encode()}), kExampleText);
}

TEST(MacaroonTest, DecodeGivesThePartsBack) {
  const absl::StatusOr<std::vector<std::string>> tokens = ParseTokens(kExampleText);
  ASSERT_THAT(tokens, IsOk());
  const absl::StatusOr<Macaroon> macaroon = Macaroon::Decode(tokens->front());
  ASSERT_THAT(macaroon, IsOk());
  EXPECT_EQ(macaroon->nonce(), ExampleNonce());
  EXPECT_EQ(macaroon->unverified_location(), kPermissionLocation);
  EXPECT_EQ(macaroon->unverified_caveats(), ExampleCaveats());
  EXPECT_EQ(macaroon->Encode(), tokens->front());
}

struct RefusalCase {
  const char* name;
  const char* hex;
  const char* message;
};
class MacaroonRefusalTest : public testing::TestWithParam<RefusalCase> {};

TEST_P(MacaroonRefusalTest, NamesTheFault) {
  EXPECT_THAT(Macaroon::Decode(absl::HexStringToBytes(GetParam().hex)),
              StatusIs(kInvalid, HasSubstr(GetParam().message)));
}

#define TAIL "c4200000000000000000000000000000000000000000000000000000000000000000"
INSTANTIATE_TEST_SUITE_P(
    Forms, MacaroonRefusalTest,
    testing::Values(RefusalCase{"AString", "a3666f6f", "tag a3, want an array"},
                    RefusalCase{"ThreeFields", "9393c40161c40162c2a090", "an array of 3, want one of 4"},
                    RefusalCase{"ShortTail", "9493c40161c40162c2a090c40100", "a tail of 1, want 32"},
                    RefusalCase{"LocationAsBytes", "9493c40161c40162c2c40090" TAIL, "tag c4, want a string"},
                    RefusalCase{"NilCaveats", "9493c40161c40162c2a0c0" TAIL, "tag c0, want an array"},
                    RefusalCase{"LongerOuterArray", "dc000493c40161c40162c2a090" TAIL, "a longer form than needed"},
                    RefusalCase{"TrailingByte", "9493c40161c40162c2a090" TAIL "00", "1 bytes, want the end"}),
    [](const auto& info) { return info.param.name; });
#undef TAIL

TEST(MacaroonTest, DecodeRefusesMoreThanKMaxMacaroonBytesUnread) {
  EXPECT_THAT(Macaroon::Decode(std::string(8193, '\x94')),
              StatusIs(kInvalid, "macaroon: 8193 bytes, want at most 8192"));
}

TEST(MacaroonTest, EqualCaveatsAreKeptOnce) {
  const Caveat organization{Organization{1, Action::kAll}};
  Macaroon macaroon = Mint({organization, organization});
  ASSERT_THAT(macaroon.Attenuate({organization, organization}), IsOk());
  EXPECT_THAT(macaroon.unverified_caveats(), SizeIs(1));
  EXPECT_EQ(macaroon.Encode(), Mint({organization}).Encode());
}

TEST(MacaroonTest, AWeakerOrOtherCaveatIsKept) {
  Macaroon macaroon = Mint({{Organization{1, Action::kRead}}});
  ASSERT_THAT(macaroon.Attenuate({{Organization{1, Action::kAll}}, {Organization{2, Action::kRead}}}), IsOk());
  EXPECT_THAT(macaroon.unverified_caveats(), SizeIs(3));
}

TEST(MacaroonTest, AFinalizedProofTakesNoCaveat) {
  Nonce nonce = ExampleNonce();
  nonce.proof = true;
  Macaroon proof = Mint({{FlyioUserId{7}}}, nonce);
  EXPECT_THAT(proof.Attenuate({{IsMember{}}}), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("proof")));
  EXPECT_THAT(proof.unverified_caveats(), SizeIs(1));
}

TEST(MacaroonTest, AProofHasVersion1) {
  EXPECT_THAT(Macaroon::Mint(Key(), Nonce{.proof = true, .version = NonceVersion::kV0}, "", {}),
              StatusIs(kInvalid, HasSubstr("want version 1")));
}

TEST(MacaroonTest, AttestationsAreForProofsOnly) {
  EXPECT_THAT(Macaroon::Mint(Key(), ExampleNonce(), "", {{IsMember{}}, {FlyioUserId{7}}}),
              StatusIs(kInvalid, "added caveat 1 (FlyioUserID): an attestation, want it in a proof only"));
}

TEST(MacaroonTest, OneThirdPartyCaveatForALocation) {
  Macaroon macaroon = Mint({{ThirdParty{"a", "k", "t"}}, {ThirdParty{"b", "k", "t"}}});
  EXPECT_THAT(macaroon.Attenuate({{ThirdParty{"a", "k2", "t2"}}}), StatusIs(kInvalid, HasSubstr("a second for its")));
  EXPECT_THAT(macaroon.unverified_caveats(), SizeIs(2));
}

TEST(MacaroonTest, ACaveatThatDoesNotReadBackIsNotAdded) {
  const std::string before = Mint({}).Encode();
  for (const Caveat& bad : std::vector<Caveat>{{Unregistered{0, "\x90"}},
                                               {Unregistered{32, "\x91"}},
                                               {Unregistered{32, ""}},
                                               {IfPresent{{{Unregistered{7, "\x90"}}}, Action::kNone}},
                                               {GoogleUserId{std::string("\0\1", 2)}}}) {
    Macaroon macaroon = Mint({});
    EXPECT_THAT(macaroon.Attenuate({{IsMember{}}, bad}), StatusIs(kInvalid, HasSubstr("added caveat 1")));
    EXPECT_EQ(macaroon.Encode(), before);
  }
}

TEST(MacaroonTest, AttenuationKeepsTheLimits) {
  std::vector<Caveat> caveats;
  for (size_t i = 0; i < kMaxCaveats; ++i) caveats.push_back({IsUser{i}});
  Macaroon macaroon = Mint(caveats);
  EXPECT_THAT(macaroon.Attenuate({{IsUser{kMaxCaveats}}}), StatusIs(kInvalid, HasSubstr("want at most 128")));
  Macaroon small = Mint({});
  EXPECT_THAT(small.Attenuate({{FromMachineSource{std::string(8192, 'm')}}}), StatusIs(kInvalid, HasSubstr("bytes")));
}

}  // namespace
}  // namespace tokensvc::macaroon
