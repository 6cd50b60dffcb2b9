#include "tokensvc/macaroon/access/find_denials.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

// The cases are those of the public library's own tests, in our words.
namespace tokensvc::macaroon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = DenialKind;

constexpr Action kNone = Action::kNone;
constexpr Action kR = Action::kRead;
constexpr Action kW = Action::kWrite;
constexpr Action kRw = Action::kRead | Action::kWrite;
constexpr Action kAll = Action::kAll;
constexpr absl::Time kNow = absl::FromUnixSeconds(1700000000);

std::vector<Kind> Kinds(const Caveat& caveat, const Access& access) {
  std::vector<Kind> kinds;
  for (const Denial& denial : FindDenials(caveat, access)) kinds.push_back(denial.kind);
  return kinds;
}

// An expectation that reads as a row: what the caveat answers, nullopt for "allowed".
void Expect(const Caveat& caveat, const Access& access, std::optional<Kind> want, const char* row) {
  if (want.has_value()) {
    EXPECT_THAT(Kinds(caveat, access), ElementsAre(*want)) << row;
  } else {
    EXPECT_THAT(Kinds(caveat, access), IsEmpty()) << row;
  }
}

TEST(FindDenialsTest, OrganizationIsTheOneOrAny) {
  const Caveat caveat{Organization{7, kRw}};
  Expect(caveat, {.action = kRw, .organization_id = 7}, std::nullopt, "itself");
  Expect(caveat, {.action = kRw, .organization_id = 8}, Kind::kUnauthorizedForResource, "another");
  Expect(caveat, {.action = kAll, .organization_id = 7}, Kind::kUnauthorizedForAction, "too much");
  Expect(caveat, {.action = kNone}, Kind::kResourceUnspecified, "none");
  Expect({Organization{0, kRw}}, {.action = kR, .organization_id = 8}, std::nullopt, "any");
  Expect({Organization{7, kNone}}, {.action = kNone, .organization_id = 7}, std::nullopt, "no action");
}

TEST(FindDenialsTest, ResourceSetAllowsItsEntries) {
  const Caveat caveat{Volumes{{{"foo", kRw}, {"bar", kW}}}};
  Expect(caveat, {.action = kRw, .volume = "foo"}, std::nullopt, "foo rw");
  Expect(caveat, {.action = kW, .volume = "bar"}, std::nullopt, "bar w");
  Expect(caveat, {.action = kRw}, Kind::kResourceUnspecified, "none");
  Expect(caveat, {.action = kRw, .volume = "baz"}, Kind::kUnauthorizedForResource, "baz");
  Expect(caveat, {.action = kRw, .volume = ""}, Kind::kUnauthorizedForResource, "the zero id");
  Expect(caveat, {.action = kAll, .volume = "foo"}, Kind::kUnauthorizedForAction, "foo all");
}

TEST(FindDenialsTest, TheZeroIdIsAWildcard) {
  const Caveat caveat{Volumes{{{"", kR}}}};
  Expect(caveat, {.action = kR, .volume = "foo"}, std::nullopt, "foo r");
  Expect(caveat, {.action = kR, .volume = ""}, std::nullopt, "the zero id");
  Expect(caveat, {.action = kR}, Kind::kResourceUnspecified, "none");
  Expect(caveat, {.action = kW, .volume = "foo"}, Kind::kUnauthorizedForAction, "foo w");
  Expect({Apps{{{0, kR}}}}, {.action = kR, .app_id = 9}, std::nullopt, "app 9");
}

TEST(FindDenialsTest, AWildcardBesideOthersIsABadCaveatWhateverTheAccess) {
  const Caveat caveat{Volumes{{{"", kRw}, {"bar", kW}}}};
  Expect(caveat, {.action = kR, .volume = "bar"}, Kind::kBadCaveat, "named");
  Expect(caveat, {.action = kR}, Kind::kBadCaveat, "not named");
}

TEST(FindDenialsTest, AnEmptySetDeniesEveryId) {
  Expect({Apps{}}, {.action = kNone, .app_id = 1}, Kind::kUnauthorizedForResource, "app 1");
  Expect({Apps{}}, {.action = kNone}, Kind::kResourceUnspecified, "none");
}

TEST(FindDenialsTest, EachResourceSetLooksAtItsOwnResource) {
  const ResourceSet<std::string> set = {{"x", kR}};
  Expect({Apps{{{1, kR}}}}, {.action = kR, .app_id = 1}, std::nullopt, "app");
  Expect({Volumes{set}}, {.action = kR, .volume = "x"}, std::nullopt, "volume");
  Expect({FeatureSet{set}}, {.action = kR, .organization_feature = "x"}, std::nullopt, "organization feature");
  Expect({Machines{set}}, {.action = kR, .machine = "x"}, std::nullopt, "machine");
  Expect({MachineFeatureSet{set}}, {.action = kR, .machine_feature = "x"}, std::nullopt, "machine feature");
  Expect({Clusters{set}}, {.action = kR, .cluster = "x"}, std::nullopt, "cluster");
  Expect({AppFeatureSet{set}}, {.action = kR, .app_feature = "x"}, std::nullopt, "app feature");
  Expect({StorageObjects{set}}, {.action = kR, .storage_object = "x"}, std::nullopt, "storage object");
}

TEST(FindDenialsTest, StorageObjectsMatchByPrefixAndEveryMatchLimits) {
  const Caveat caveat{StorageObjects{{{"s3://b/", kRw}, {"s3://b/private/", kR}}}};
  Expect(caveat, {.action = kRw, .storage_object = "s3://b/x"}, std::nullopt, "under the first");
  Expect(caveat, {.action = kR, .storage_object = "s3://b/private/x"}, std::nullopt, "under both");
  Expect(caveat, {.action = kW, .storage_object = "s3://b/private/x"}, Kind::kUnauthorizedForAction, "limited");
  Expect(caveat, {.action = kR, .storage_object = "s3://c/"}, Kind::kUnauthorizedForResource, "elsewhere");
  Expect(caveat, {.action = kR, .storage_object = "s3://b"}, Kind::kUnauthorizedForResource, "shorter");
  Expect({StorageObjects{{{"", kR}}}}, {.action = kR, .storage_object = "any"}, std::nullopt, "wildcard");
}

TEST(FindDenialsTest, ValidityWindowAllowsBothEndsToTheNanosecond) {
  const Caveat caveat{ValidityWindow{1700000000, 1700000600}};
  Expect(caveat, {.now = kNow}, std::nullopt, "the first instant");
  Expect(caveat, {.now = kNow - absl::Nanoseconds(1)}, Kind::kUnauthorized, "before");
  Expect(caveat, {.now = kNow + absl::Seconds(600)}, std::nullopt, "the last instant");
  Expect(caveat, {.now = kNow + absl::Seconds(600) + absl::Nanoseconds(1)}, Kind::kUnauthorized, "after");
}

TEST(FindDenialsTest, ValidityWindowsOf64BitsDoNotOverflow) {
  Expect({ValidityWindow{INT64_MIN, INT64_MAX}}, {.now = kNow}, std::nullopt, "everything");
  Expect({ValidityWindow{INT64_MAX, INT64_MAX}}, {.now = kNow}, Kind::kUnauthorized, "the far future");
  Expect({ValidityWindow{INT64_MIN, INT64_MIN}}, {.now = kNow}, Kind::kUnauthorized, "the far past");
}

TEST(FindDenialsTest, MutationsAreListed) {
  const Caveat caveat{Mutations{std::vector<std::string>{"a", "b"}}};
  Expect(caveat, {.mutation = "b"}, std::nullopt, "listed");
  Expect(caveat, {.mutation = "c"}, Kind::kUnauthorizedForResource, "another");
  Expect(caveat, {}, Kind::kResourceUnspecified, "none");
  Expect({Mutations{}}, {.mutation = "a"}, Kind::kUnauthorizedForResource, "nil list");
}

Caveat ParentAndChild() {
  return {IfPresent{{{Machines{{{"234", kR | Action::kDelete | Action::kControl}}}}}, kR | Action::kCreate}};
}

TEST(FindDenialsTest, IfPresentAsksTheCaveatsThatConcernTheAccess) {
  Expect(ParentAndChild(), {.action = kR | Action::kDelete, .machine = "234"}, std::nullopt, "child rd");
  Expect(ParentAndChild(), {.action = kR, .machine = "876"}, Kind::kUnauthorizedForResource, "another child");
  Expect(ParentAndChild(), {.action = kW, .machine = "234"}, Kind::kUnauthorizedForAction, "child w");
}

TEST(FindDenialsTest, IfPresentFallsBackToItsMask) {
  Expect(ParentAndChild(), {.action = kR | Action::kCreate}, std::nullopt, "no child, rc");
  Expect(ParentAndChild(), {.action = kW}, Kind::kUnauthorizedForAction, "no child, w");
  Expect(ParentAndChild(), {.action = Action::kControl}, Kind::kUnauthorizedForAction, "no child, C");
  Expect({IfPresent{{}, kR}}, {.action = kR}, std::nullopt, "no caveats at all");
}

TEST(FindDenialsTest, IfPresentAccumulatesWhatIsNotUnspecified) {
  const Caveat caveat{IfPresent{{{Machines{{{"m", kR}}}}, {Volumes{{{"v", kR}}}}, {Apps{{{1, kR}}}}}, kAll}};
  EXPECT_THAT(Kinds(caveat, {.action = kW, .app_id = 2, .machine = "m"}),
              ElementsAre(Kind::kUnauthorizedForAction, Kind::kUnauthorizedForResource));
  Expect(caveat, {.action = kR, .machine = "m"}, std::nullopt, "one concerned and allowed");
}

TEST(FindDenialsTest, IfPresentNeverPassesOverWhatCannotBeCleared) {
  for (const Caveat& inner : std::vector<Caveat>{{ThirdParty{}}, {BindToParentToken{}}, {FlyioUserId{1}},
                                                 {GitHubUserId{1}}, {GoogleUserId{}}, {Unregistered{99, "\xc0"}}}) {
    Expect({IfPresent{{inner}, kAll}}, {.action = kNone}, Kind::kBadCaveat, CaveatName(inner).c_str());
  }
}

TEST(FindDenialsTest, FromMachineSourceNeedsTheSourceEvenInsideIfPresent) {
  const Caveat caveat{FromMachineSource{"m1"}};
  Expect(caveat, {.source_machine = "m1"}, std::nullopt, "itself");
  Expect(caveat, {.source_machine = "m2"}, Kind::kUnauthorized, "another");
  Expect(caveat, {}, Kind::kInvalidAccess, "none");
  Expect({IfPresent{{caveat}, kAll}}, {}, Kind::kInvalidAccess, "none, inside IfPresent");
}

TEST(FindDenialsTest, FlySrcComparesItsNonEmptyFields) {
  const Access from{.source_machine = "i", .source_app = "a", .source_organization = "o"};
  Expect({FlySrc{"o", "a", "i"}}, from, std::nullopt, "all three");
  Expect({FlySrc{}}, {}, std::nullopt, "nothing asked");
  Expect({FlySrc{"x", "", ""}}, from, Kind::kUnauthorized, "organization");
  Expect({FlySrc{"", "x", ""}}, from, Kind::kUnauthorized, "app");
  Expect({FlySrc{"", "", "x"}}, from, Kind::kUnauthorized, "instance");
  Expect({FlySrc{"", "a", ""}}, {}, Kind::kInvalidAccess, "no source");
}

TEST(FindDenialsTest, ActionIsAlwaysRelevant) {
  Expect({ActionLimit{kRw}}, {.action = kR}, std::nullopt, "within");
  Expect({ActionLimit{kRw}}, {.action = kAll}, Kind::kUnauthorizedForAction, "beyond");
}

TEST(FindDenialsTest, CommandsMatchByPrefixOrExactly) {
  using Strings = std::vector<std::string>;
  const Caveat caveat{Commands{
      std::vector<Commands::Entry>{{Strings{"cmd1", "arg1"}, false}, {Strings{"cmd2", "arg1"}, true}}}};
  Expect(caveat, {.command = Strings{"cmd1", "arg1"}}, std::nullopt, "prefix itself");
  Expect(caveat, {.command = Strings{"cmd1", "arg1", "arg2"}}, std::nullopt, "longer than the prefix");
  Expect(caveat, {.command = Strings{"cmd1"}}, Kind::kUnauthorizedForResource, "shorter than the prefix");
  Expect(caveat, {.command = Strings{"cmd2", "arg1"}}, std::nullopt, "exact");
  Expect(caveat, {.command = Strings{"cmd2", "arg1", "arg2"}}, Kind::kUnauthorizedForResource, "longer than exact");
  Expect(caveat, {.command = Strings{"cmd3"}}, Kind::kUnauthorizedForResource, "another");
  Expect(caveat, {}, Kind::kResourceUnspecified, "none");
  Expect({Commands{}}, {.command = Strings{"x"}}, Kind::kUnauthorizedForResource, "nil list");
  Expect({Commands{std::vector<Commands::Entry>{{std::nullopt, false}}}}, {.command = Strings{"x"}}, std::nullopt,
         "empty entry");
}

struct RoleCase {
  const char* name;
  std::optional<std::string> feature;
  Action action;
  bool member;  // may a member?
};
class RoleTest : public testing::TestWithParam<RoleCase> {};

TEST_P(RoleTest, MembersMayWhatTheTableSaysAndAdministratorsEverything) {
  const Access access{.action = GetParam().action, .organization_feature = GetParam().feature};
  const std::optional<Kind> want =
      GetParam().member ? std::nullopt : std::optional<Kind>(Kind::kUnauthorizedForRole);
  Expect({IsMember{}}, access, want, "IsMember");
  Expect({AllowedRoles{1}}, access, want, "member");
  Expect({AllowedRoles{3}}, access, want, "member and billing manager");
  Expect({AllowedRoles{2}}, access, Kind::kUnauthorizedForRole, "billing manager");
  Expect({AllowedRoles{0xffffffff}}, access, std::nullopt, "administrator");
}

INSTANTIATE_TEST_SUITE_P(
    Features, RoleTest,
    testing::Values(RoleCase{"NoFeature", std::nullopt, kAll, true}, RoleCase{"WireGuard", "wg", kAll, true},
                    RoleCase{"ReadMembership", "membership", kR, true},
                    RoleCase{"WriteMembership", "membership", kW, false}, RoleCase{"ReadBilling", "billing", kR, true},
                    RoleCase{"Deletion", "deletion", kR, false}, RoleCase{"DeletionOfNothing", "deletion", kNone, true},
                    RoleCase{"Unknown", "other", kNone, false}, RoleCase{"EmptyName", "", kNone, false}),
    [](const auto& info) { return info.param.name; });

TEST(FindDenialsTest, ConditionsOfDischargesAreNotForAccesses) {
  for (const Caveat& caveat : std::vector<Caveat>{{ConfineUser{1}}, {ConfineOrganization{1}}, {ConfineGoogleHd{"d"}},
                                                  {ConfineGitHubOrg{1}}, {MaxValidity{600}}}) {
    Expect(caveat, {}, Kind::kInvalidAccess, CaveatName(caveat).c_str());
  }
}

TEST(FindDenialsTest, IsUserNeverDenies) { Expect({IsUser{1}}, {}, std::nullopt, "deprecated statement"); }

TEST(FindDenialsTest, ATokensAttestationsArePassedOverAndItsDenialsNamed) {
  const std::vector<Caveat> caveats = {{FlyioUserId{1}}, {Organization{7, kR}}, {Unregistered{99, "\xc0"}}};
  const std::vector<Denial> denials = FindDenials(caveats, {.action = kR, .organization_id = 8});
  ASSERT_EQ(denials.size(), 2u);
  EXPECT_EQ(denials[0].message, "caveat 1 (Organization): organization 8, token allows 7");
  EXPECT_EQ(denials[1].message,
            "caveat 2 (unregistered 99): an unknown type, want a caveat that can be cleared");
}

}  // namespace
}  // namespace tokensvc::macaroon
