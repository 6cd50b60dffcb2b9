#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "storage/secret_bytes.h"
#include "tests/macaroon/random_values.h"
#include "tests/status_matchers.h"
#include "tokensvc/macaroon/access/access.h"
#include "tokensvc/macaroon/access/find_denials.h"
#include "tokensvc/macaroon/caveats/caveat.h"
#include "tokensvc/macaroon/caveats/caveat_codec.h"
#include "tokensvc/macaroon/chain/macaroon.h"
#include "tokensvc/macaroon/chain/macaroon_text.h"
#include "tokensvc/macaroon/chain/macaroon_verifier.h"

namespace tokensvc::macaroon {
namespace {

using tests::IsOk;
using tests::IsOkAndHolds;
using tests::RandomValues;

constexpr int kRounds = 1500;

storage::SecretBytes Key() { return storage::SecretBytes(std::string(32, 'k')); }

// InvalidArgument where the random caveat cannot be in such a token.
absl::StatusOr<Macaroon> RandomMacaroon(RandomValues& random) {
  const Nonce nonce{.kid = random.Bytes(70), .rnd = random.Bytes(20)};
  return Macaroon::Mint(Key(), nonce, random.Bytes(40), {{IsMember{}}, random.Caveat()});
}

TEST(CaveatPropertiesTest, EncodeThenDecodeIsIdentity) {
  RandomValues random(1);
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Caveat> caveats = random.Caveats(6);
    ASSERT_THAT(DecodeCaveats(EncodeCaveats(caveats)), IsOkAndHolds(caveats)) << "round " << round;
  }
}

// Whatever is accepted is the one form of its value: otherwise two texts would be one token.
TEST(CaveatPropertiesTest, DecodeThenEncodeIsIdentity) {
  RandomValues random(2);
  int accepted = 0;
  for (int round = 0; round < kRounds * 10; ++round) {
    const std::string bytes = random.Mutated(EncodeCaveats(random.Caveats(3)));
    const absl::StatusOr<std::vector<Caveat>> caveats = DecodeCaveats(bytes);
    if (!caveats.ok()) continue;
    ASSERT_EQ(EncodeCaveats(*caveats), bytes) << "round " << round;
    ++accepted;
  }
  EXPECT_GT(accepted, kRounds / 10);
}

TEST(MacaroonPropertiesTest, EncodeThenDecodeIsIdentity) {
  RandomValues random(3);
  for (int round = 0; round < kRounds; ++round) {
    const absl::StatusOr<Macaroon> macaroon = RandomMacaroon(random);
    if (!macaroon.ok()) continue;
    const absl::StatusOr<Macaroon> again = Macaroon::Decode(macaroon->Encode());
    ASSERT_THAT(again, IsOk()) << "round " << round;
    ASSERT_EQ(again->nonce(), macaroon->nonce());
    ASSERT_EQ(again->unverified_location(), macaroon->unverified_location());
    ASSERT_EQ(again->unverified_caveats(), macaroon->unverified_caveats());
    ASSERT_EQ(again->tail(), macaroon->tail());
  }
}

TEST(MacaroonPropertiesTest, DecodeNeverCrashesAndAcceptsOneFormOnly) {
  RandomValues random(4);
  for (int round = 0; round < kRounds * 10; ++round) {
    const absl::StatusOr<Macaroon> macaroon = RandomMacaroon(random);
    const std::string bytes = random.Mutated(macaroon.ok() ? macaroon->Encode() : random.Bytes(200));
    const absl::StatusOr<Macaroon> decoded = Macaroon::Decode(bytes);
    if (decoded.ok()) {
      ASSERT_EQ(decoded->Encode(), bytes) << "round " << round;
    }
  }
}

TEST(MacaroonPropertiesTest, NoMutationVerifiesUnlessTheChainIsUntouched) {
  RandomValues random(5);
  for (int round = 0; round < kRounds; ++round) {
    const absl::StatusOr<Macaroon> macaroon = RandomMacaroon(random);
    if (!macaroon.ok()) continue;
    const absl::StatusOr<Macaroon> forged = Macaroon::Decode(random.Mutated(macaroon->Encode()));
    if (!forged.ok() || !VerifyMacaroon(*forged, Key()).ok()) continue;
    EXPECT_EQ(forged->nonce(), macaroon->nonce()) << "round " << round;
    EXPECT_EQ(forged->unverified_caveats(), macaroon->unverified_caveats()) << "round " << round;
  }
}

TEST(MacaroonPropertiesTest, ParseNeverCrashesAndAcceptsOneTextOnly) {
  RandomValues random(6);
  for (int round = 0; round < kRounds * 10; ++round) {
    const std::string header = random.Mutated(FormatTokens({random.Bytes(50), random.Bytes(50)}));
    const absl::StatusOr<std::vector<std::string>> tokens = ParseTokens(header);
    if (!tokens.ok()) continue;
    EXPECT_THAT(ParseTokens(FormatTokens(*tokens)), IsOkAndHolds(*tokens)) << "round " << round;
  }
}

// Denials never crash, and a caveat that is added never allows what was refused without it.
TEST(MacaroonPropertiesTest, AddingCaveatsOnlyEverTakesAway) {
  RandomValues random(7);
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Caveat> caveats = random.Caveats(3);
    const Access access{.action = static_cast<Action>(random.Below(32)),
                        .organization_id = random.Below(3),
                        .app_id = random.Below(3),
                        .machine = random.Bytes(1)};
    const size_t before = FindDenials(caveats, access).size();
    caveats.push_back(random.Caveat());
    EXPECT_GE(FindDenials(caveats, access).size(), before) << "round " << round;
  }
}

}  // namespace
}  // namespace tokensvc::macaroon
