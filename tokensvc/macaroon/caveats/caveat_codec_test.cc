#include "tokensvc/macaroon/caveats/caveat_codec.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tokensvc/macaroon/macaroon_limits.h"

namespace tokensvc::macaroon {
namespace {

using testing::HasSubstr;
using tests::IsOkAndHolds;
using tests::StatusIs;

constexpr Action kR = Action::kRead;
constexpr Action kRw = Action::kRead | Action::kWrite;

std::string Bytes(absl::string_view hex) { return absl::HexStringToBytes(hex); }

struct FormCase {
  const char* name;
  Caveat caveat;
  const char* hex;  // container of this one caveat
};
void PrintTo(const FormCase& row, std::ostream* os) { *os << row.name; }
class FormTest : public testing::TestWithParam<FormCase> {};

TEST_P(FormTest, IsWrittenInThisForm) {
  EXPECT_EQ(absl::BytesToHexString(EncodeCaveat(GetParam().caveat)), GetParam().hex);
}

TEST_P(FormTest, IsReadFromThisForm) {
  EXPECT_THAT(DecodeCaveats(Bytes(GetParam().hex)), IsOkAndHolds(std::vector<Caveat>{GetParam().caveat}));
}

TEST_P(FormTest, EveryShorterInputIsRefused) {
  const std::string bytes = Bytes(GetParam().hex);
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THAT(DecodeCaveats(bytes.substr(0, length)), StatusIs(absl::StatusCode::kInvalidArgument)) << length;
  }
}

const FormCase kForms[] = {
    {"OrganizationOf33Bits", {Organization{uint64_t{1} << 32, kR}}, "920092cf000000010000000001"},
    {"Organization", {Organization{123, Action::kAll}}, "9200927b1f"},
    {"Volumes", {Volumes{{{"vol_x", kRw}}}}, "92029181a5766f6c5f7803"},
    {"Apps", {Apps{{{123, Action::kAll}}}}, "920391817b1f"},
    {"AnyApp", {Apps{{{0, kR}}}}, "920391810001"},
    {"NoApp", {Apps{}}, "92039180"},
    {"AppsAreSortedByNumber", {Apps{{{65536, kR}, {7, kR}, {200, kR}}}}, "920391830701ccc801ce0001000001"},
    {"ValidityWindow", {ValidityWindow{1700000000, 1700000600}}, "920492ce6553f100ce6553f358"},
    {"ValidityWindowBefore1970", {ValidityWindow{-1, 0}}, "920492ff00"},
    {"FeatureSet", {FeatureSet{{{"wg", kR}}}}, "92059181a2776701"},
    {"Mutations", {Mutations{std::vector<std::string>{"a"}}}, "92069191a161"},
    {"MutationsNil", {Mutations{}}, "920691c0"},
    {"MutationsEmpty", {Mutations{std::vector<std::string>{}}}, "92069190"},
    {"Machines", {Machines{{{"148e21ea7e46e8", kR | Action::kControl}}}}, "92079181ae313438653231656137653436653811"},
    {"ConfineUser", {ConfineUser{123}}, "9208917b"},
    {"ConfineOrganization", {ConfineOrganization{123}}, "9209917b"},
    {"IsUser", {IsUser{7}}, "920a9107"},
    {"ThirdParty", {ThirdParty{"l", "k", "t"}}, "920b93a16cc4016bc40174"},
    {"BindToParentToken", {BindToParentToken{"\1\2\3"}}, "920cc403010203"},
    {"IfPresent", {IfPresent{{{Machines{{{"m1", kRw}}}}}, kR}}, "920d9292079181a26d310301"},
    {"IfPresentOfNone", {IfPresent{}}, "920d929000"},
    {"MachineFeatureSet", {MachineFeatureSet{{{"oidc", kR}, {"metadata", kRw}}}},
     "920e9182a86d6574616461746103a46f69646301"},
    {"FromMachineSource", {FromMachineSource{"148e21ea7e46e8"}}, "920f91ae3134386532316561376534366538"},
    {"Clusters", {Clusters{{{"c", kR}}}}, "92109181a16301"},
    {"ConfineGoogleHd", {ConfineGoogleHd{"123"}}, "9213a3313233"},
    {"ConfineGitHubOrg", {ConfineGitHubOrg{123}}, "92147b"},
    {"MaxValidity", {MaxValidity{600}}, "9215cd0258"},
    {"IsMember", {IsMember{}}, "921690"},
    {"FlyioUserId", {FlyioUserId{123}}, "92177b"},
    {"GitHubUserId", {GitHubUserId{123}}, "92187b"},
    {"GoogleUserId", {GoogleUserId{"\xde\xad\xbe\xef\xde\xad\xbe\xef\x7b"}}, "9219c409deadbeefdeadbeef7b"},
    {"Action", {ActionLimit{kRw}}, "921a03"},
    {"EveryAction", {ActionLimit{static_cast<Action>(0xffff)}}, "921acdffff"},
    {"Commands",
     {Commands{std::vector<Commands::Entry>{{std::vector<std::string>{"ls", "-l"}, true},
                                            {std::vector<std::string>{"ps"}, false}}}},
     "921b929292a26c73a22d6cc39291a27073c2"},
    {"CommandsEmpty", {Commands{std::vector<Commands::Entry>{}}}, "921b90"},
    {"CommandsNil", {Commands{}}, "921bc0"},
    {"CommandsOfNilArgs", {Commands{std::vector<Commands::Entry>{{std::nullopt, true}}}}, "921b9192c0c3"},
    {"AppFeatureSet", {AppFeatureSet{{{"images", kR}}}}, "921c9181a6696d6167657301"},
    {"StorageObjects", {StorageObjects{{{"https://s/", kR}}}}, "921d9181aa68747470733a2f2f732f01"},
    {"AllowedRolesMember", {AllowedRoles{1}}, "921e01"},
    {"AllowedRolesAdmin", {AllowedRoles{0xffffffff}}, "921eceffffffff"},
    {"FlySrc", {FlySrc{"foo", "bar", "baz"}}, "921f93a3666f6fa3626172a362617a"},
    {"UnknownType", {Unregistered{uint64_t{1} << 48, "\xa3" "foo"}}, "92cf0001000000000000a3666f6f"},
    {"ReservedType", {Unregistered{17, "\xc0"}}, "9211c0"},
    {"LastType", {Unregistered{~uint64_t{0}, "\x80"}}, "92cfffffffffffffffff80"},
    {"UnknownBodyInALongerForm", {Unregistered{32, std::string("\xcd\0\1", 3)}}, "9220cd0001"},
};
INSTANTIATE_TEST_SUITE_P(Types, FormTest, testing::ValuesIn(kForms), [](const auto& info) { return info.param.name; });

struct RefusalCase {
  const char* name;
  const char* hex;
  const char* message;
};
class CaveatRefusalTest : public testing::TestWithParam<RefusalCase> {};

TEST_P(CaveatRefusalTest, NamesTheFault) {
  EXPECT_THAT(DecodeCaveats(Bytes(GetParam().hex)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Forms, CaveatRefusalTest,
    testing::Values(RefusalCase{"OddContainer", "9100", "a container of 1, want types and bodies in pairs"},
                    RefusalCase{"NilContainer", "c0", "tag c0, want an array"},
                    RefusalCase{"MapForAStruct", "920082a2696400a46d61736b00", "tag 82, want an array"},
                    RefusalCase{"FieldTooMany", "9200937b1f00", "an array of 3, want one of 2"},
                    RefusalCase{"MaskOf17Bits", "920092" "7b" "ce00010000", "65536, want at most 65535"},
                    RefusalCase{"RolesOf33Bits", "921ecf0000000100000000", "want at most 4294967295"},
                    RefusalCase{"IdsDescending", "92039182020101" "01", "want ascending ids"},
                    RefusalCase{"IdTwice", "92039182010101" "01", "want ascending ids"},
                    RefusalCase{"NilResourceSet", "920391c0", "tag c0, want a map"},
                    RefusalCase{"GoogleUserIdWithLeadingZero", "9219c4020001", "a leading zero"},
                    RefusalCase{"LongerType", "92cc0092" "7b1f", "a longer form than needed"},
                    RefusalCase{"NegativeType", "92ff90", "tag ff, want an unsigned integer"},
                    RefusalCase{"TrailingBytes", "9000", "1 bytes, want the end"}),
    [](const auto& info) { return info.param.name; });

TEST(CaveatCodecTest, ContainersHoldAtMostKMaxCaveats) {
  const std::vector<Caveat> most(kMaxCaveats, Caveat{IsUser{1}});
  EXPECT_THAT(DecodeCaveats(EncodeCaveats(most)), IsOkAndHolds(most));
  const std::vector<Caveat> more(kMaxCaveats + 1, Caveat{IsUser{1}});
  EXPECT_THAT(DecodeCaveats(EncodeCaveats(more)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("129 caveats, want at most 128")));
}

Caveat Nested(size_t containers) {
  Caveat caveat{IfPresent{}};
  for (size_t i = 1; i < containers; ++i) caveat = Caveat{IfPresent{{caveat}, Action::kNone}};
  return caveat;
}

TEST(CaveatCodecTest, IfPresentNestsUpToKMaxCaveatDepth) {
  const Caveat deepest = Nested(kMaxCaveatDepth - 1);  // the outer container counts too
  EXPECT_THAT(DecodeCaveats(EncodeCaveat(deepest)), IsOkAndHolds(std::vector<Caveat>{deepest}));
  EXPECT_THAT(DecodeCaveats(EncodeCaveat(Nested(kMaxCaveatDepth))),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a deeper container, want depth 8")));
}

TEST(CaveatCodecTest, ContainersKeepTheOrder) {
  const std::vector<Caveat> caveats = {{IsUser{2}}, {IsUser{1}}, {IsMember{}}};
  EXPECT_EQ(absl::BytesToHexString(EncodeCaveats(caveats)), "960a91020a91011690");
  EXPECT_THAT(DecodeCaveats(EncodeCaveats(caveats)), IsOkAndHolds(caveats));
}

TEST(CaveatCodecTest, EveryFormHasItsRegisteredNumberAndAName) {
  for (const FormCase& row : kForms) {
    const bool known = !std::holds_alternative<Unregistered>(row.caveat.body);
    EXPECT_EQ(IsRegistered(row.caveat.type()), known) << row.name;
    EXPECT_EQ(CaveatName(row.caveat) != absl::StrCat("unregistered ", row.caveat.type()), known) << row.name;
  }
}

}  // namespace
}  // namespace tokensvc::macaroon
