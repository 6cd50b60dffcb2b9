#include "tokensvc/macaroon/chain/macaroon_verifier.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tokensvc::macaroon {
namespace {

using storage::SecretBytes;
using testing::HasSubstr;
using tests::IsOk;
using tests::StatusIs;

constexpr absl::StatusCode kUnauthenticated = absl::StatusCode::kUnauthenticated;

SecretBytes Key() { return SecretBytes(std::string(32, 'k')); }

Macaroon Mint(const std::vector<Caveat>& caveats, bool proof = false) {
  Nonce nonce{.kid = "kid", .rnd = std::string(16, 'r'), .proof = proof};
  return Macaroon::Mint(Key(), std::move(nonce), std::string(kPermissionLocation), caveats).value();
}

std::vector<Caveat> SomeCaveats() {
  return {{Organization{7, Action::kAll}}, {Apps{{{3, Action::kRead}}}}, {Unregistered{1 << 20, "\xa1x"}}};
}

TEST(MacaroonVerifierTest, GivesNonceAndCaveatsOfATokenOfItsKey) {
  const absl::StatusOr<VerifiedMacaroon> verified = VerifyMacaroon(Mint(SomeCaveats()), Key());
  ASSERT_THAT(verified, IsOk());
  EXPECT_EQ(verified->caveats(), SomeCaveats());
  EXPECT_EQ(verified->nonce(), Mint({}).nonce());
}

TEST(MacaroonVerifierTest, AnAttenuatedTokenVerifies) {
  Macaroon macaroon = Mint({SomeCaveats()[0]});
  ASSERT_THAT(macaroon.Attenuate(SomeCaveats()), IsOk());
  EXPECT_THAT(VerifyMacaroon(macaroon, Key()), IsOk());
}

TEST(MacaroonVerifierTest, AProofVerifiesWithItsFinalizedTail) {
  EXPECT_THAT(VerifyMacaroon(Mint({{FlyioUserId{7}}}, true), Key()), IsOk());
}

TEST(MacaroonVerifierTest, AnotherKeyDoesNotVerify) {
  for (const SecretBytes& key : {SecretBytes(std::string(32, '\xff')), SecretBytes(std::string(31, 'k')),
                                 SecretBytes(std::string(33, 'k')), SecretBytes(std::string())}) {
    EXPECT_THAT(VerifyMacaroon(Mint(SomeCaveats()), key), StatusIs(kUnauthenticated, HasSubstr("tail")));
  }
}

TEST(MacaroonVerifierTest, AnotherTailDoesNotVerify) {
  std::string bytes = Mint(SomeCaveats()).Encode();
  bytes.replace(bytes.size() - 32, 32, std::string(32, '\xff'));
  EXPECT_THAT(VerifyMacaroon(Macaroon::Decode(bytes).value(), Key()), StatusIs(kUnauthenticated, HasSubstr("tail")));
}

// The proof bit is the byte in front of the location; with it the last value would have to be finalised.
TEST(MacaroonVerifierTest, AnUnfinalizedProofDoesNotVerify) {
  std::string bytes = Mint({}).Encode();
  const size_t proof = bytes.find(std::string("\xc2\xb5https"));
  ASSERT_NE(proof, std::string::npos);
  bytes[proof] = '\xc3';
  EXPECT_THAT(VerifyMacaroon(Macaroon::Decode(bytes).value(), Key()), StatusIs(kUnauthenticated, HasSubstr("tail")));
}

TEST(MacaroonVerifierTest, DroppingReorderingOrDoublingCaveatsDoesNotVerify) {
  const Macaroon whole = Mint({{IsUser{1}}, {IsUser{2}}});
  const std::string pair("\x94\x0a\x91\x01\x0a\x91\x02", 7);
  for (const std::string& other : {std::string("\x92\x0a\x91\x01", 4), std::string("\x92\x0a\x91\x02", 4),
                                   std::string("\x94\x0a\x91\x02\x0a\x91\x01", 7), std::string("\x90", 1),
                                   std::string("\x96\x0a\x91\x01\x0a\x91\x02\x0a\x91\x02", 10)}) {
    std::string bytes = whole.Encode();
    bytes.replace(bytes.find(pair), pair.size(), other);
    EXPECT_THAT(VerifyMacaroon(Macaroon::Decode(bytes).value(), Key()), StatusIs(kUnauthenticated));
  }
}

TEST(MacaroonVerifierTest, TenRandomByteFlipsNeverVerify) {
  std::mt19937 random(20241124);
  const std::string good = Mint(SomeCaveats()).Encode();
  const size_t location = good.find("https://");
  for (int round = 0; round < 1000; ++round) {
    std::string bytes = good;
    for (int flip = 0; flip < 10; ++flip) bytes[random() % bytes.size()] ^= 1 << random() % 8;
    bytes.replace(location, kPermissionLocation.size(), kPermissionLocation.data());  // the one part outside the chain
    if (bytes == good) continue;
    absl::StatusOr<Macaroon> macaroon = Macaroon::Decode(bytes);
    if (!macaroon.ok()) continue;
    EXPECT_THAT(VerifyMacaroon(*macaroon, Key()), StatusIs(kUnauthenticated)) << "round " << round;
  }
}

TEST(MacaroonVerifierTest, AThirdPartyCaveatNeedsADischarge) {
  EXPECT_THAT(VerifyMacaroon(Mint({{IsMember{}}, {ThirdParty{"l", "k", "t"}}}), Key()),
              StatusIs(kUnauthenticated, "caveat 1 (3P): no discharge, want one"));
}

TEST(MacaroonVerifierTest, ABoundTokenNeedsItsParent) {
  EXPECT_THAT(VerifyMacaroon(Mint({{BindToParentToken{""}}}), Key()),
              StatusIs(kUnauthenticated, "caveat 0 (BindToParentToken): no parent token, want one"));
}

// An attacker relabels a token only in what the chain does not cover.
TEST(MacaroonVerifierTest, TheTailIsCheckedBeforeTheCaveats) {
  EXPECT_THAT(VerifyMacaroon(Mint({{ThirdParty{"l", "k", "t"}}}), SecretBytes(std::string(32, 'x'))),
              StatusIs(kUnauthenticated, HasSubstr("another tail")));
}

}  // namespace
}  // namespace tokensvc::macaroon
