#include <fstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "storage/secret_bytes.h"
#include "tests/status_matchers.h"
#include "tokensvc/macaroon/caveats/caveat.h"
#include "tokensvc/macaroon/caveats/caveat_codec.h"
#include "tokensvc/macaroon/chain/macaroon.h"
#include "tokensvc/macaroon/chain/macaroon_text.h"
#include "tokensvc/macaroon/chain/macaroon_verifier.h"
#include "tokensvc/macaroon/discharge/discharge_verifier.h"
#include "tokensvc/macaroon/discharge/third_party.h"

// The tokens that the public Go library made, read, written again, attenuated and verified by ours.
namespace tokensvc::macaroon {
namespace {

using nlohmann::json;
using storage::SecretBytes;
using testing::HasSubstr;
using tests::IsOk;
using tests::StatusIs;

const json& Vectors() {
  static const json* const vectors = [] {
    std::ifstream file("tests/vectors/macaroon-elixir-vectors.json");
    return new json(json::parse(file));
  }();
  return *vectors;
}

std::string Base64Field(const char* name) { return DecodeBase64(Vectors().at(name).get<std::string>()).value(); }
SecretBytes Key() { return SecretBytes(Base64Field("key")); }
std::vector<std::string> Tokens(const std::string& header) { return ParseTokens(header).value(); }
Macaroon OnlyMacaroon(const std::string& header) {
  const std::vector<std::string> tokens = Tokens(header);
  EXPECT_EQ(tokens.size(), 1u);
  return Macaroon::Decode(tokens.front()).value();
}

// True if bytes and text are what our own encoders make of the decoded value.
bool SurvivesRoundTrip(const std::string& header) {
  const std::vector<std::string> tokens = Tokens(header);
  for (const std::string& token : tokens) {
    const absl::StatusOr<Macaroon> macaroon = Macaroon::Decode(token);
    if (!macaroon.ok() || macaroon->Encode() != token) return false;
  }
  return FormatTokens(tokens) == header;
}

TEST(VectorsTest, EveryTokenIsWrittenAgainByteForByte) {
  int tokens = 0;
  for (const auto& [name, header] : Vectors().at("macaroons").items()) {
    EXPECT_TRUE(SurvivesRoundTrip(header)) << name;
    ++tokens;
  }
  for (const auto& [base, results] : Vectors().at("attenuation").items()) {
    EXPECT_TRUE(SurvivesRoundTrip(base));
    for (const auto& [caveats, header] : results.items()) {
      EXPECT_TRUE(SurvivesRoundTrip(header)) << caveats;
      tokens += static_cast<int>(Tokens(header).size());
    }
  }
  EXPECT_TRUE(SurvivesRoundTrip(Vectors().at("with_tps")));
  EXPECT_EQ(tokens, 21 + 57);
}

TEST(VectorsTest, EveryCaveatContainerIsWrittenAgainByteForByte) {
  int containers = 0;
  for (const auto& [name, base64] : Vectors().at("caveats").items()) {
    const std::string container = DecodeBase64(base64.get<std::string>()).value();
    const absl::StatusOr<std::vector<Caveat>> caveats = DecodeCaveats(container);
    ASSERT_THAT(caveats, IsOk()) << name;
    EXPECT_EQ(caveats->size(), 1u) << name;
    EXPECT_EQ(EncodeCaveats(*caveats), container) << name;
    ++containers;
  }
  EXPECT_EQ(containers, 24);
}

TEST(VectorsTest, EachTokenHoldsTheCaveatOfItsName) {
  for (const auto& [name, header] : Vectors().at("macaroons").items()) {
    const std::string base64 = Vectors().at("caveats").at(name);
    EXPECT_EQ(OnlyMacaroon(header).unverified_caveats(), *DecodeCaveats(*DecodeBase64(base64))) << name;
  }
}

TEST(VectorsTest, TokensOfTheKeyVerify) {
  int verified = 0;
  for (const auto& [name, header] : Vectors().at("macaroons").items()) {
    const Macaroon macaroon = OnlyMacaroon(header);
    EXPECT_EQ(macaroon.unverified_location(), Vectors().at("location").get<std::string>());
    const absl::StatusOr<VerifiedMacaroon> result = VerifyMacaroon(macaroon, Key());
    if (macaroon.nonce().proof) {
      EXPECT_THAT(result, StatusIs(absl::StatusCode::kUnauthenticated)) << name;  // of a key that nobody kept
    } else if (name == "BindToParentToken") {
      EXPECT_THAT(result, StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("no parent token"))) << name;
    } else {
      EXPECT_THAT(result, IsOk()) << name;
      EXPECT_EQ(macaroon.nonce().kid, Base64Field("kid")) << name;
      ++verified;
    }
  }
  EXPECT_EQ(verified, 17);
}

TEST(VectorsTest, MintingAgainGivesTheSameTokens) {
  for (const auto& [name, header] : Vectors().at("macaroons").items()) {
    const Macaroon macaroon = OnlyMacaroon(header);
    if (macaroon.nonce().proof) continue;
    const absl::StatusOr<Macaroon> again =
        Macaroon::Mint(Key(), macaroon.nonce(), macaroon.unverified_location(), macaroon.unverified_caveats());
    ASSERT_THAT(again, IsOk()) << name;
    EXPECT_EQ(FormatTokens({again->Encode()}), header) << name;
  }
}

TEST(VectorsTest, AttenuationOfTheMiddleTokenGivesTheSameHeaders) {
  int cases = 0;
  for (const auto& [base, results] : Vectors().at("attenuation").items()) {
    for (const auto& [base64, header] : results.items()) {
      std::vector<std::string> tokens = Tokens(base);
      ASSERT_EQ(tokens.size(), 3u);
      Macaroon middle = Macaroon::Decode(tokens[1]).value();
      EXPECT_EQ(middle.unverified_location(), Vectors().at("location").get<std::string>());
      EXPECT_THAT(middle.Attenuate(*DecodeCaveats(*DecodeBase64(base64))), IsOk()) << base64;
      tokens[1] = middle.Encode();
      EXPECT_EQ(FormatTokens(tokens), header.get<std::string>()) << base64;
      ++cases;
    }
  }
  EXPECT_EQ(cases, 19);
}

TEST(VectorsTest, ATokenWithThirdPartiesDoesNotVerifyAlone) {
  const std::vector<std::string> tokens = Tokens(Vectors().at("with_tps"));
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_THAT(VerifyMacaroon(Macaroon::Decode(tokens[0]).value(), Key()),
              StatusIs(absl::StatusCode::kUnauthenticated, "caveat 0 (3P): no discharge, want one"));
  EXPECT_EQ(tokens[1].size(), 133u);
}

const ThirdParty& ThirdPartyAt(const Macaroon& macaroon, size_t index) {
  return std::get<ThirdParty>(macaroon.unverified_caveats().at(index).body);
}

TEST(VectorsTest, TicketsOpenWithTheSharedKey) {
  const Macaroon macaroon = Macaroon::Decode(Tokens(Vectors().at("with_tps"))[0]).value();
  for (const size_t index : {0, 1}) {
    const absl::StatusOr<Ticket> ticket =
        OpenTicket(SecretBytes(Base64Field("tp_key")), ThirdPartyAt(macaroon, index).ticket);
    ASSERT_THAT(ticket, IsOk());
    EXPECT_EQ(ticket->discharge_key.size(), 32u);
  }
}

TEST(VectorsTest, OneOfTwoThirdPartiesHasDischarged) {
  const absl::StatusOr<PermissionAndDischarges> sorted =
      SortTokens(Tokens(Vectors().at("with_tps")), Vectors().at("location").get<std::string>());
  ASSERT_THAT(sorted, IsOk());
  ASSERT_EQ(sorted->discharges.size(), 1u);
  ASSERT_EQ(ThirdPartyAt(sorted->permission, 0).location, "discharged");
  ThirdPartyKeys keys;
  keys["discharged"].emplace_back(Base64Field("tp_key"));
  // The chain holds, the first third party is satisfied, and the second has nobody to speak for it.
  EXPECT_THAT(DischargeVerifier(std::move(keys)).Verify(sorted->permission, Key(), sorted->discharges),
              StatusIs(absl::StatusCode::kUnauthenticated, "caveat 1 (3P): no discharge, want one"));
}

TEST(VectorsTest, TheDischargeVerifiesUnderItsTicketsKeyAsAProof) {
  const std::vector<std::string> tokens = Tokens(Vectors().at("with_tps"));
  const Macaroon discharge = Macaroon::Decode(tokens[1]).value();
  const Ticket ticket =
      OpenTicket(SecretBytes(Base64Field("tp_key")), discharge.nonce().kid).value();
  EXPECT_TRUE(discharge.nonce().proof);
  EXPECT_THAT(VerifyMacaroon(discharge, ticket.discharge_key), IsOk());
}

TEST(VectorsTest, ThirdPartyCaveatsHaveTheirSizes) {
  const Macaroon macaroon = Macaroon::Decode(Tokens(Vectors().at("with_tps"))[0]).value();
  for (const Caveat& caveat : macaroon.unverified_caveats()) {
    const auto* third_party = std::get_if<ThirdParty>(&caveat.body);
    ASSERT_NE(third_party, nullptr);
    EXPECT_EQ(third_party->verifier_key.size(), 60u);
    EXPECT_EQ(third_party->ticket.size(), 64u);
  }
}

}  // namespace
}  // namespace tokensvc::macaroon
