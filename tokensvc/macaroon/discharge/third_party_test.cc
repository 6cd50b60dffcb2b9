#include "tokensvc/macaroon/discharge/third_party.h"

#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tokensvc/macaroon/discharge/sealed_box.h"

namespace tokensvc::macaroon {
namespace {

using storage::SecretBytes;
using testing::HasSubstr;
using testing::SizeIs;
using tests::IsOk;
using tests::StatusIs;

constexpr char kLocation[] = "https://auth.fly.io";

std::string Ascending(int first, size_t count) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(first + static_cast<int>(i)));
  return bytes;
}
SecretBytes SharedKey() { return SecretBytes(Ascending(0x40, 32)); }

// A discharge key of 80..9f and no conditions, sealed with twelve 01 as nonce.
std::string ExampleTicket() {
  return SealWithNonce(SharedKey(), std::string(12, '\1'), "\x92\xc4\x20" + Ascending(0x80, 32) + "\x90").value();
}

Macaroon Parent() {
  return Macaroon::Mint(SecretBytes(Ascending(0, 32)), Nonce{.kid = "kid0", .rnd = Ascending(0x10, 16)},
                        std::string(kPermissionLocation), {{Organization{123, Action::kAll}}})
      .value();
}

TEST(ThirdPartyTest, ATicketIsOpenedWithTheSharedKey) {
  const std::vector<Caveat> conditions = {{ConfineUser{7}}, {MaxValidity{600}}};
  const absl::StatusOr<std::string> sealed =
      SealTicket(SharedKey(), Ticket{SecretBytes(std::string(32, 'r')), conditions});
  ASSERT_THAT(sealed, IsOk());
  const absl::StatusOr<Ticket> ticket = OpenTicket(SharedKey(), *sealed);
  ASSERT_THAT(ticket, IsOk());
  EXPECT_EQ(ticket->discharge_key.Reveal(), std::string(32, 'r'));
  EXPECT_EQ(ticket->conditions, conditions);
}

TEST(ThirdPartyTest, ATicketOfAnotherKeyIsRefused) {
  const std::string sealed = *SealTicket(SharedKey(), Ticket{SecretBytes(std::string(32, 'r')), {}});
  EXPECT_THAT(OpenTicket(SecretBytes(std::string(32, 'x')), sealed), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST(ThirdPartyTest, AWellSealedTicketOfAnotherFormIsInvalid) {
  EXPECT_THAT(OpenTicket(SharedKey(), *Seal(SharedKey(), "\x90")), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(OpenTicket(SharedKey(), *Seal(SharedKey(), "")), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ThirdPartyTest, RequireDischargeAddsOneCaveatOfKnownSizes) {
  Macaroon macaroon = Parent();
  const SecretBytes tail_before(macaroon.tail());
  ASSERT_THAT(RequireDischarge(macaroon, SharedKey(), kLocation, {}), IsOk());
  ASSERT_THAT(macaroon.unverified_caveats(), SizeIs(2));
  const auto& caveat = std::get<ThirdParty>(macaroon.unverified_caveats()[1].body);
  EXPECT_EQ(caveat.location, kLocation);
  EXPECT_THAT(caveat.verifier_key, SizeIs(60));
  EXPECT_THAT(caveat.ticket, SizeIs(64));
  const absl::StatusOr<SecretBytes> key = Unseal(tail_before, caveat.verifier_key);
  ASSERT_THAT(key, IsOk());
  EXPECT_TRUE(*key == OpenTicket(SharedKey(), caveat.ticket)->discharge_key);
}

TEST(ThirdPartyTest, OneDischargeForALocation) {
  Macaroon macaroon = Parent();
  ASSERT_THAT(RequireDischarge(macaroon, SharedKey(), kLocation, {}), IsOk());
  EXPECT_THAT(RequireDischarge(macaroon, SharedKey(), kLocation, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a second for its location")));
}

// The continuation of the worked example, with twelve 02 as nonce of the verifier key.
TEST(ThirdPartyTest, IsTheWorkedExample) {
  const SecretBytes key(Ascending(0x80, 32));
  Macaroon macaroon = Parent();
  ASSERT_THAT(macaroon.Attenuate({{IfPresent{{{Machines{{{"m1", Action::kRead | Action::kWrite}}}}}, Action::kRead}},
                                  {FromMachineSource{"148e21ea7e46e8"}},
                                  {ValidityWindow{1700000000, 1700000600}}}),
              IsOk());
  EXPECT_EQ(absl::BytesToHexString(BindTo(macaroon).digest_prefix), "c02c54c22c1f6f980a0283f17ff96a91");
  const std::string ticket = ExampleTicket();
  const std::string verifier_key = *SealWithNonce(SecretBytes(macaroon.tail()), std::string(12, '\2'), key.Reveal());
  EXPECT_EQ(absl::BytesToHexString(verifier_key),
            "020202020202020202020202b5edbbb97570176ab50717bd730f579f6e2662769da9741ee1874e2a36743f727880defd3df176ff8a"
            "64febe65097917");
  ASSERT_THAT(macaroon.Attenuate({{ThirdParty{kLocation, verifier_key, ticket}}}), IsOk());
  EXPECT_EQ(absl::BytesToHexString(macaroon.tail()),
            "fcd45cd006cd0934158446fa2e2a6f3400765df3a65907e6d78ed9b78d29f7e0");
  EXPECT_THAT(macaroon.Encode(), SizeIs(278));
}

TEST(ThirdPartyTest, ADischargeIsAFinalizedProofUnderTheTicketsKey) {
  const std::string ticket = ExampleTicket();
  const absl::StatusOr<Macaroon> discharge =
      MintDischarge(*OpenTicket(SharedKey(), ticket), ticket, kLocation, Ascending(0x20, 16),
                    {{FlyioUserId{7}}, {ValidityWindow{1700000000, 1700000600}}});
  ASSERT_THAT(discharge, IsOk());
  EXPECT_EQ(discharge->nonce().kid, ticket);
  EXPECT_TRUE(discharge->nonce().proof);
  EXPECT_EQ(absl::BytesToHexString(discharge->tail()),
            "abec3e37d35461401a33429840a1301f95d9adb4fdc15176781ff6de6f270c60");
}

}  // namespace
}  // namespace tokensvc::macaroon
