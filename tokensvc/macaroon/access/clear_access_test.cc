#include "tokensvc/macaroon/access/clear_access.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tokensvc/macaroon/caveats/caveat.h"
#include "tokensvc/macaroon/chain/macaroon.h"

namespace tokensvc::macaroon {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using tests::IsOk;
using tests::IsOkAndHolds;
using tests::StatusIs;

VerifiedMacaroon Verified(const std::vector<Caveat>& caveats) {
  const storage::SecretBytes key(std::string(32, 'k'));
  return VerifyMacaroon(Macaroon::Mint(key, Nonce{.kid = "k", .rnd = "r"}, "", caveats).value(), key).value();
}

TEST(ClearAccessTest, EveryCaveatMustAllow) {
  const VerifiedMacaroon macaroon = Verified({{Organization{1, Action::kAll}}, {ActionLimit{Action::kRead}}});
  EXPECT_THAT(ClearAccess(macaroon, {.action = Action::kRead, .organization_id = 1}), IsOk());
  EXPECT_THAT(ClearAccess(macaroon, {.action = Action::kWrite, .organization_id = 1}),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("caveat 1 (Action): action w")));
}

TEST(ClearAccessTest, EveryRefusalIsReported) {
  const VerifiedMacaroon macaroon = Verified({{Organization{1, Action::kAll}}, {ActionLimit{Action::kRead}}});
  EXPECT_THAT(ClearAccess(macaroon, {.action = Action::kWrite, .organization_id = 2}),
              StatusIs(absl::StatusCode::kPermissionDenied, AllOf(HasSubstr("caveat 0"), HasSubstr("; caveat 1"))));
}

TEST(ClearAccessTest, AWrongAccessIsRefusedBeforeAnyCaveatIsAsked) {
  EXPECT_THAT(ClearAccess(Verified({{ActionLimit{Action::kNone}}}), {.action = Action::kRead}),
              StatusIs(absl::StatusCode::kInvalidArgument, "access: no organization, want one"));
}

TEST(ClearAccessTest, WhatTheAccessLacksIsInvalidAndWhatTheTokenDeniesIsNot) {
  const Access access{.action = Action::kRead, .organization_id = 1};
  EXPECT_THAT(ClearAccess(Verified({{Apps{}}, {FromMachineSource{"m"}}}), access),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ClearAccess(Verified({{Apps{}}, {ActionLimit{Action::kNone}}}), access),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST(ClearAccessTest, ATokenWithoutCaveatsAllowsEverything) {
  EXPECT_THAT(ClearAccess(Verified({}), {.action = Action::kAll, .organization_id = 1}), IsOk());
}

TEST(ClearAccessTest, AnUnknownTypeVerifiesAndThenDenies) {
  EXPECT_THAT(ClearAccess(Verified({{Unregistered{uint64_t{1} << 48, "\xc0"}}}), {.organization_id = 1}),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("an unknown type")));
}

TEST(RequireOrganizationTest, GivesTheOneOfAllItsCaveats) {
  EXPECT_THAT(RequireOrganization(Verified({{IsMember{}}, {Organization{7, Action::kRead}}})), IsOkAndHolds(7u));
  EXPECT_THAT(RequireOrganization(Verified({{Organization{0, Action::kAll}}, {Organization{7, Action::kRead}}})),
              IsOkAndHolds(7u));
}

TEST(RequireOrganizationTest, ATokenOfNoneOrTwoIsRefused) {
  const absl::StatusCode denied = absl::StatusCode::kPermissionDenied;
  EXPECT_THAT(RequireOrganization(Verified({})), StatusIs(denied, HasSubstr("no organization")));
  EXPECT_THAT(RequireOrganization(Verified({{Organization{0, Action::kAll}}})),
              StatusIs(denied, HasSubstr("no organization")));
  EXPECT_THAT(RequireOrganization(Verified({{Organization{7, Action::kAll}}, {Organization{8, Action::kAll}}})),
              StatusIs(denied, HasSubstr("organizations 7 and 8")));
  EXPECT_THAT(RequireOrganization(Verified({{IfPresent{{{Organization{7, Action::kAll}}}, Action::kAll}}})),
              StatusIs(denied, HasSubstr("no organization")));
}

}  // namespace
}  // namespace tokensvc::macaroon
