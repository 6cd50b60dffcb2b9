#include "tokensvc/macaroon/caveats/caveat_json.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tokensvc::macaroon {
namespace {

struct JsonCase {
  const char* name;
  Caveat caveat;
  const char* type;
  const char* body;
};
void PrintTo(const JsonCase& row, std::ostream* os) { *os << row.name; }
class CaveatJsonTest : public testing::TestWithParam<JsonCase> {};

TEST_P(CaveatJsonTest, IsTypeAndBody) {
  EXPECT_EQ(CaveatsToJson({GetParam().caveat}),
            absl::StrCat(R"([{"body":)", GetParam().body, R"(,"type":")", GetParam().type, R"("}])"));
}

constexpr Action kRw = Action::kRead | Action::kWrite;

const JsonCase kCases[] = {
    {"Organization", {Organization{4242, Action::kAll}}, "Organization", R"({"id":4242,"mask":"rwcdC"})"},
    {"Apps", {Apps{{{77, kRw}}}}, "Apps", R"({"apps":{"77":"rw"}})"},
    {"Machines", {Machines{{{"m", kRw}}}}, "Machines", R"({"machines":{"m":"rw"}})"},
    {"EmptyVolumes", {Volumes{}}, "Volumes", R"({"volumes":{}})"},
    {"Clusters", {Clusters{{{"c", kRw}}}}, "Clusters", R"({"clusters":{"c":"rw"}})"},
    {"StorageObjects", {StorageObjects{{{"s", kRw}}}}, "StorageObjects", R"({"storage_objects":{"s":"rw"}})"},
    {"MachineFeatureSet", {MachineFeatureSet{{{"oidc", kRw}}}}, "MachineFeatureSet", R"({"features":{"oidc":"rw"}})"},
    {"ValidityWindow", {ValidityWindow{-1, 5}}, "ValidityWindow", R"({"not_after":5,"not_before":-1})"},
    {"NilMutations", {Mutations{}}, "Mutations", R"({"mutations":null})"},
    {"IsUser", {IsUser{7}}, "IsUser", R"({"uint64":7})"},
    {"ConfineUser", {ConfineUser{7}}, "ConfineUser", R"({"id":7})"},
    {"MaxValidity", {MaxValidity{600}}, "MaxValidity", "600"},
    {"GoogleUserId",
     {GoogleUserId{"\x01\xff\xff\xff\xff\xff\xff\xff\xff"}},
     "GoogleUserID",
     R"("36893488147419103231")"},
    {"FromMachineSource", {FromMachineSource{"m"}}, "FromMachineSource", R"({"id":"m"})"},
    {"IsMember", {IsMember{}}, "IsMember", "{}"},
    {"Action", {ActionLimit{kRw}}, "Action", R"("rw")"},
    {"AllowedRoles", {AllowedRoles{1}}, "AllowedRoles", "1"},
    {"FlySrc", {FlySrc{"o", "a", "i"}}, "FlySrc", R"({"app":"a","instance":"i","organization":"o"})"},
    {"Commands",
     {Commands{std::vector<Commands::Entry>{{std::vector<std::string>{"ls"}, true}}}},
     "Commands",
     R"([{"args":["ls"],"exact":true}])"},
    {"IfPresent",
     {IfPresent{{{IsMember{}}}, kRw}},
     "IfPresent",
     R"({"else":"rw","ifs":[{"body":{},"type":"IsMember"}]})"},
    {"ThirdParty", {ThirdParty{"l", "k", "t"}}, "3P", R"({"location":"l","ticket":"dA==","verifier_key":"aw=="})"},
    {"Unknown", {Unregistered{99, "\xc0"}}, "99", R"("wA==")"},
    {"NoUtf8", {ConfineGoogleHd{"\xff"}}, "ConfineGoogleHD", "\"\xef\xbf\xbd\""},
};
INSTANTIATE_TEST_SUITE_P(Types, CaveatJsonTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(CaveatsToJsonTest, NoCaveatsAreAnEmptyArray) { EXPECT_EQ(CaveatsToJson({}), "[]"); }

}  // namespace
}  // namespace tokensvc::macaroon
