#include "tokensvc/macaroon/discharge/discharge_verifier.h"

#include <random>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tokensvc/macaroon/caveats/caveat.h"
#include "tokensvc/macaroon/discharge/third_party.h"

namespace tokensvc::macaroon {
namespace {

using storage::SecretBytes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using tests::IsOk;
using tests::StatusIs;

constexpr absl::StatusCode kUnauthenticated = absl::StatusCode::kUnauthenticated;
constexpr char kAuth[] = "https://auth.fly.io";
const Caveat kOrganization{Organization{7, Action::kAll}};
const Caveat kWindow{ValidityWindow{100, 200}};
const Caveat kUser{FlyioUserId{7}};

SecretBytes RootKey() { return SecretBytes(std::string(32, 'k')); }
SecretBytes SharedKey() { return SecretBytes(std::string(32, 's')); }

Macaroon Permission() {
  const Nonce nonce{.kid = "kid", .rnd = std::string(16, 'r')};
  return Macaroon::Mint(RootKey(), nonce, std::string(kPermissionLocation), {kOrganization}).value();
}
Macaroon WithThirdParty(const std::string& location = kAuth) {
  Macaroon macaroon = Permission();
  EXPECT_THAT(RequireDischarge(macaroon, SharedKey(), location, {}), IsOk());
  return macaroon;
}
const std::string& TicketOf(const Macaroon& macaroon) {
  return std::get<ThirdParty>(macaroon.unverified_caveats().back().body).ticket;
}
Macaroon DischargeOf(const Macaroon& macaroon, const std::vector<Caveat>& caveats) {
  const std::string& sealed = TicketOf(macaroon);
  return MintDischarge(*OpenTicket(SharedKey(), sealed), sealed, kAuth, std::string(16, 'd'), caveats).value();
}

// Trusts the shared key of kAuth.
DischargeVerifier Verifier() {
  ThirdPartyKeys keys;
  keys[kAuth].push_back(SharedKey());
  return DischargeVerifier(std::move(keys));
}
absl::StatusOr<VerifiedMacaroon> Verify(const Macaroon& permission, const std::vector<Macaroon>& discharges) {
  return Verifier().Verify(permission, RootKey(), discharges);
}

TEST(DischargeVerifierTest, ADischargedTokenGivesTheCaveatsOfBoth) {
  const Macaroon permission = WithThirdParty();
  const absl::StatusOr<VerifiedMacaroon> verified = Verify(permission, {DischargeOf(permission, {kUser, kWindow})});
  ASSERT_THAT(verified, IsOk());
  EXPECT_THAT(verified->caveats(), ElementsAre(kOrganization, kUser, kWindow));
}

TEST(DischargeVerifierTest, ATokenWithoutThirdPartiesNeedsNoDischarge) {
  EXPECT_THAT(Verify(Permission(), {}), IsOk());
}

TEST(DischargeVerifierTest, AnUndischargedTokenIsRefused) {
  EXPECT_THAT(Verify(WithThirdParty(), {}), StatusIs(kUnauthenticated, "caveat 1 (3P): no discharge, want one"));
  EXPECT_THAT(Verify(WithThirdParty(), {DischargeOf(WithThirdParty(), {})}),
              StatusIs(kUnauthenticated, "caveat 1 (3P): no discharge, want one"));
}

TEST(DischargeVerifierTest, EveryThirdPartyMustDischarge) {
  Macaroon permission = WithThirdParty();
  const Macaroon discharge = DischargeOf(permission, {});
  ASSERT_THAT(RequireDischarge(permission, SharedKey(), "https://other", {}), IsOk());
  EXPECT_THAT(Verify(permission, {discharge}), StatusIs(kUnauthenticated, HasSubstr("caveat 2 (3P)")));
  EXPECT_THAT(Verify(permission, {DischargeOf(permission, {}), discharge}), IsOk());
}

TEST(DischargeVerifierTest, ADischargeThatIsNoProofVerifiesToo) {
  const Macaroon permission = WithThirdParty();
  const Ticket ticket = *OpenTicket(SharedKey(), TicketOf(permission));
  const Macaroon discharge =
      Macaroon::Mint(ticket.discharge_key, Nonce{.kid = TicketOf(permission), .rnd = "r"}, kAuth, {kWindow}).value();
  EXPECT_THAT(Verify(permission, {discharge}), IsOk());
}

TEST(DischargeVerifierTest, AnotherDischargeIsTriedAfterABadOne) {
  const Macaroon permission = WithThirdParty();
  const Macaroon bad =
      Macaroon::Mint(RootKey(), Nonce{.kid = TicketOf(permission), .rnd = "r", .proof = true}, kAuth, {}).value();
  EXPECT_THAT(Verify(permission, {bad}), StatusIs(kUnauthenticated, HasSubstr("another tail")));
  EXPECT_THAT(Verify(permission, {bad, DischargeOf(permission, {})}), IsOk());
}

TEST(DischargeVerifierTest, AttestationsAreKeptFromTrustedThirdPartiesOnly) {
  const Macaroon permission = WithThirdParty();
  const Macaroon discharge = DischargeOf(permission, {kUser});
  ThirdPartyKeys wrong;
  wrong[kAuth].push_back(SecretBytes(std::string(32, 'x')));
  for (const DischargeVerifier& verifier : {DischargeVerifier({}), DischargeVerifier(std::move(wrong))}) {
    const absl::StatusOr<VerifiedMacaroon> verified = verifier.Verify(permission, RootKey(), {discharge});
    ASSERT_THAT(verified, IsOk());
    EXPECT_THAT(verified->caveats(), ElementsAre(kOrganization));
  }
}

TEST(DischargeVerifierTest, ARelabelledDischargeIsNotTrusted) {
  const Macaroon permission = WithThirdParty("https://other");
  const Ticket ticket = *OpenTicket(SharedKey(), TicketOf(permission));
  const Macaroon discharge =
      MintDischarge(ticket, TicketOf(permission), "https://other", std::string(16, 'd'), {kUser}).value();
  const absl::StatusOr<VerifiedMacaroon> verified = Verify(permission, {discharge});
  ASSERT_THAT(verified, IsOk());
  EXPECT_THAT(verified->caveats(), ElementsAre(kOrganization));
}

TEST(DischargeVerifierTest, ADischargeNeverNeedsADischarge) {
  const Macaroon permission = WithThirdParty();
  EXPECT_THAT(Verify(permission, {DischargeOf(permission, {{ThirdParty{"l", "k", "t"}}})}),
              StatusIs(kUnauthenticated, HasSubstr("a third party inside a discharge")));
}

TEST(DischargeVerifierTest, ABoundDischargeFitsItsParentAndWhatIsAttenuatedFromIt) {
  Macaroon permission = WithThirdParty();
  const Macaroon discharge = DischargeOf(permission, {{BindTo(permission)}, kWindow});
  EXPECT_THAT(Verify(permission, {discharge}), IsOk());
  ASSERT_THAT(permission.Attenuate({{ActionLimit{Action::kRead}}}), IsOk());
  const absl::StatusOr<VerifiedMacaroon> verified = Verify(permission, {discharge});
  ASSERT_THAT(verified, IsOk());
  EXPECT_THAT(verified->caveats(), ElementsAre(kOrganization, Caveat{ActionLimit{Action::kRead}}, kWindow));
}

TEST(DischargeVerifierTest, ABoundDischargeFitsNoAncestorAndNoOther) {
  const Macaroon permission = WithThirdParty();
  Macaroon child = permission;
  ASSERT_THAT(child.Attenuate({{ActionLimit{Action::kRead}}}), IsOk());
  for (const BindToParentToken& binding : {BindTo(child), BindToParentToken{"\xde\xad\xbe\xef"}, BindToParentToken{}}) {
    EXPECT_THAT(Verify(permission, {DischargeOf(permission, {{BindTo(permission)}, {binding}})}),
                StatusIs(kUnauthenticated, HasSubstr("another parent token")));
  }
}

TEST(DischargeVerifierTest, APrefixOfTheBindingIsEnough) {
  const Macaroon permission = WithThirdParty();
  const std::string two = BindTo(permission).digest_prefix.substr(0, 2);
  EXPECT_THAT(Verify(permission, {DischargeOf(permission, {{BindToParentToken{two}}})}), IsOk());
}

TEST(DischargeVerifierTest, ABoundPermissionTokenIsRefused) {
  Macaroon permission = Permission();
  ASSERT_THAT(permission.Attenuate({{BindTo(permission)}}), IsOk());
  EXPECT_THAT(Verify(permission, {}), StatusIs(kUnauthenticated, HasSubstr("(BindToParentToken)")));
}

TEST(DischargeVerifierTest, AChangedTicketIsNotDischarged) {
  const Macaroon permission = WithThirdParty();
  std::string ticket = TicketOf(permission);
  ticket[20] ^= 1;
  EXPECT_THAT(OpenTicket(SharedKey(), ticket), StatusIs(kUnauthenticated));
}

TEST(DischargeVerifierTest, TenRandomByteFlipsInADischargeNeverVerify) {
  std::mt19937 random(1124);
  const Macaroon permission = WithThirdParty();
  const std::string good = DischargeOf(permission, {kUser, kWindow}).Encode();
  const size_t location = good.find(kAuth);
  for (int round = 0; round < 1000; ++round) {
    std::string bytes = good;
    for (int flip = 0; flip < 10; ++flip) bytes[random() % bytes.size()] ^= 1 << random() % 8;
    bytes.replace(location, sizeof(kAuth) - 1, kAuth);  // the one part outside the chain
    const absl::StatusOr<Macaroon> discharge = Macaroon::Decode(bytes);
    if (bytes == good || !discharge.ok()) continue;
    EXPECT_THAT(Verify(permission, {*discharge}), StatusIs(kUnauthenticated)) << "round " << round;
  }
}

TEST(SortTokensTest, TheLocationSaysWhichIsThePermissionToken) {
  const Macaroon permission = WithThirdParty();
  const Macaroon discharge = DischargeOf(permission, {});
  const absl::StatusOr<PermissionAndDischarges> sorted =
      SortTokens({discharge.Encode(), "no macaroon", permission.Encode()}, kPermissionLocation);
  ASSERT_THAT(sorted, IsOk());
  EXPECT_EQ(sorted->permission.Encode(), permission.Encode());
  ASSERT_THAT(sorted->discharges, SizeIs(1));
  EXPECT_EQ(sorted->discharges[0].Encode(), discharge.Encode());
}

TEST(SortTokensTest, NoneOrSeveralPermissionTokensAreRefused) {
  const std::string token = Permission().Encode();
  EXPECT_THAT(SortTokens({token, token}, kPermissionLocation), StatusIs(kUnauthenticated, HasSubstr("several")));
  EXPECT_THAT(SortTokens({token}, "https://elsewhere"), StatusIs(kUnauthenticated, HasSubstr("no permission token")));
}

}  // namespace
}  // namespace tokensvc::macaroon
