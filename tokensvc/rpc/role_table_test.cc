#include "tokensvc/rpc/role_table.h"

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/fleet/v1/fleet.pb.h"
#include "proto/machines/v1/machines.pb.h"
#include "proto/signer/v1/signer.pb.h"
#include "tests/status_matchers.h"

namespace tokensvc {
namespace {

using testing::HasSubstr;
using tests::IsOk;
using tests::StatusIs;

void AddMethods(const google::protobuf::FileDescriptor* file, std::vector<std::string>& methods) {
  for (int s = 0; s < file->service_count(); ++s) {
    for (int m = 0; m < file->service(s)->method_count(); ++m) {
      methods.push_back(absl::StrCat("/", file->service(s)->full_name(), "/", file->service(s)->method(m)->name()));
    }
  }
}

std::vector<std::string> DeclaredMethods() {
  std::vector<std::string> methods;
  AddMethods(fly::fleet::v1::Organization::descriptor()->file(), methods);
  AddMethods(fly::signer::v1::SignBatch::descriptor()->file(), methods);
  AddMethods(fly::machines::v1::CreateMachineRequest::descriptor()->file(), methods);
  return methods;
}

TEST(RoleTableTest, HasOneRowForEachDeclaredMethod) {
  std::vector<std::string> rows;
  for (const MethodRoles& row : kRoleTable) {
    if (row.method.substr(0, 5) == "/fly.") rows.emplace_back(row.method);
  }
  EXPECT_THAT(rows, testing::UnorderedElementsAreArray(DeclaredMethods()));
}

TEST(RoleTableTest, AMethodThatIsNotInTheTableIsRefusedToEveryRole) {
  for (Role role : {Role::kWorker, Role::kControlPlane, Role::kFleet, Role::kSigner, Role::kIssuer}) {
    EXPECT_THAT(CheckRole("/fly.fleet.v1.Fleet/DropEverything", role),
                StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("not in the role table")));
  }
}

TEST(RoleTableTest, AWorkerMayEnrolRenewAndSignAndNothingElseOfOurs) {
  std::vector<std::string> allowed;
  for (const std::string& method : DeclaredMethods()) {
    if (CheckRole(method, Role::kWorker).ok()) allowed.push_back(method);
  }
  EXPECT_THAT(allowed, testing::UnorderedElementsAre("/fly.fleet.v1.Enrolment/Enrol",
                                                     "/fly.fleet.v1.Enrolment/RenewOwnPlacements",
                                                     "/fly.signer.v1.Signer/Sign"));
}

TEST(RoleTableTest, ARefusalNamesMethodFoundAndWant) {
  EXPECT_THAT(CheckRole("/fly.fleet.v1.Fleet/MoveMachine", Role::kWorker),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       HasSubstr("/fly.fleet.v1.Fleet/MoveMachine: role worker, want control-plane")));
  EXPECT_THAT(CheckRole("/grpc.health.v1.Health/Check", Role::kWorker), IsOk());
}

}  // namespace
}  // namespace tokensvc
