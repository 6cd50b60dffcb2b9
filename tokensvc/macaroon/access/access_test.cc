#include "tokensvc/macaroon/access/access.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tokensvc::macaroon {
namespace {

using Kind = DenialKind;
using testing::ElementsAre;

struct AccessCase {
  const char* name;
  Access access;
  std::vector<Kind> want;
};
void PrintTo(const AccessCase& row, std::ostream* os) { *os << row.name; }
class AccessTest : public testing::TestWithParam<AccessCase> {};

TEST_P(AccessTest, IsJudgedWithoutAToken) {
  std::vector<Kind> kinds;
  for (const Denial& denial : ValidateAccess(GetParam().access)) kinds.push_back(denial.kind);
  EXPECT_EQ(kinds, GetParam().want);
}

const AccessCase kCases[] = {
    {"Organization", {.organization_id = 1}, {}},
    {"App", {.organization_id = 1, .app_id = 2}, {}},
    {"Machine", {.organization_id = 1, .app_id = 2, .machine = "m"}, {}},
    {"MachineFeature", {.organization_id = 1, .app_id = 2, .machine = "m", .machine_feature = "oidc"}, {}},
    {"Cluster", {.organization_id = 1, .organization_feature = "litefs-cloud", .cluster = "c"}, {}},
    {"StorageObject", {.organization_id = 1, .storage_object = "s"}, {}},
    {"NoOrganization", {.app_id = 2}, {Kind::kResourceUnspecified}},
    {"AppAndFeature",
     {.organization_id = 1, .app_id = 2, .organization_feature = "wg"},
     {Kind::kResourcesMutuallyExclusive}},
    {"AppAndStorageObject",
     {.organization_id = 1, .app_id = 2, .storage_object = "s"},
     {Kind::kResourcesMutuallyExclusive}},
    {"MachineWithoutApp", {.organization_id = 1, .machine = "m"}, {Kind::kResourceUnspecified}},
    {"VolumeWithoutApp", {.organization_id = 1, .volume = "v"}, {Kind::kResourceUnspecified}},
    {"MachineAndVolume",
     {.organization_id = 1, .app_id = 2, .volume = "v", .machine = "m"},
     {Kind::kResourcesMutuallyExclusive}},
    {"ClusterWithoutFeature", {.organization_id = 1, .cluster = "c"}, {Kind::kResourceUnspecified}},
    {"ClusterOfAnotherFeature",
     {.organization_id = 1, .organization_feature = "wg", .cluster = "c"},
     {Kind::kInvalidAccess}},
    {"FeatureWithoutMachine",
     {.organization_id = 1, .app_id = 2, .machine_feature = "oidc"},
     {Kind::kResourceUnspecified}},
    {"CommandAndMachineFeature",
     {.organization_id = 1,
      .app_id = 2,
      .machine = "m",
      .machine_feature = "oidc",
      .command = std::vector<std::string>{"ls"}},
     {Kind::kResourcesMutuallyExclusive}},
};
INSTANTIATE_TEST_SUITE_P(Shapes, AccessTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tokensvc::macaroon
