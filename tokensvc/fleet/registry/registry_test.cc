#include "tokensvc/fleet/registry/registry.h"

#include <stdlib.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tokensvc/fleet/registry/machine_version.h"

namespace tokensvc {
namespace {

using testing::ElementsAre;
using testing::Field;
using tests::IsOk;
using tests::StatusIs;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
constexpr char kId[] = "148e21ea7e46e8";

class RegistryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string dir = testing::TempDir() + "/registry.XXXXXX";
    ASSERT_NE(mkdtemp(dir.data()), nullptr);
    path_ = dir + "/registry.db";
    Reopen();
    ASSERT_THAT(registry_->AddApp(App(5, 1, "web")), IsOk());
  }

  void Reopen() {
    registry_.reset();
    auto registry = Registry::Open(path_);
    ASSERT_THAT(registry.status(), IsOk());
    registry_ = *std::move(registry);
  }

  static AppRecord App(uint64_t id, uint64_t organization, std::string name) {
    return {.id = id, .organization_id = organization, .name = std::move(name), .created = kNow};
  }
  static RegisteredMachine Machine(std::string id, std::string name) {
    return {.id = std::move(id), .app_id = 5, .name = std::move(name), .worker = "w1", .region = "yyz"};
  }
  static MachineVersion Version(std::string version, absl::Time expires) {
    return {.version = std::move(version),
            .image = "host",
            .image_digest = "sha256:aa",
            .subject_scope = SubjectScope::kApp,
            .policy = {.audiences = {"sts"}, .default_audience = "d", .role_arns = {"arn"}, .aws_principal_tags = true},
            .lifetime = absl::Hours(24),
            .expires = expires};
  }

  std::string path_;
  std::unique_ptr<Registry> registry_;
};

TEST_F(RegistryTest, WhatWasAddedIsFoundAfterAReopening) {
  ASSERT_THAT(registry_->AddMachine(Machine(kId, "m1"), Version("V1", kNow + absl::Hours(1))), IsOk());
  Reopen();
  EXPECT_EQ(registry_->FindApp(1, "web")->id, 5u);
  EXPECT_EQ(registry_->FindApp(5)->created, kNow);
  const RegisteredMachine machine = registry_->FindMachine(kId).value();
  EXPECT_EQ(machine.name, "m1");
  EXPECT_EQ(machine.worker, "w1");
  EXPECT_EQ(machine.generation, 1u);
  EXPECT_FALSE(machine.retired);
  const MachineVersion version = registry_->FindVersion(kId, "V1").value();
  EXPECT_EQ(version.image, "host");
  EXPECT_EQ(version.subject_scope, SubjectScope::kApp);
  EXPECT_EQ(version.lifetime, absl::Hours(24));
  EXPECT_EQ(version.expires, kNow + absl::Hours(1));
  EXPECT_THAT(version.policy.audiences, ElementsAre("sts"));
  EXPECT_THAT(version.policy.role_arns, ElementsAre("arn"));
  EXPECT_TRUE(version.policy.aws_principal_tags);
}

TEST_F(RegistryTest, WhatIsNotThereIsNotFound) {
  EXPECT_THAT(registry_->FindApp(2, "web").status(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(registry_->FindMachine(kId).status(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(registry_->FindVersion(kId, "V1").status(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(RegistryTest, NamesAndIdsAreTakenOnce) {
  EXPECT_THAT(registry_->AddApp(App(6, 1, "web")), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(registry_->AddApp(App(5, 1, "api")), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(registry_->AddApp(App(6, 2, "web")), IsOk());
  ASSERT_THAT(registry_->AddMachine(Machine(kId, "m1"), Version("V1", kNow)), IsOk());
  EXPECT_THAT(registry_->AddMachine(Machine("00000000000001", "m1"), Version("V1", kNow)),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(registry_->FindVersion("00000000000001", "V1").status(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(RegistryTest, ARetiredMachinesNameStaysTaken) {
  RegisteredMachine machine = Machine(kId, "m1");
  ASSERT_THAT(registry_->AddMachine(machine, Version("V1", kNow)), IsOk());
  machine.retired = true;
  ASSERT_THAT(registry_->UpdateMachine(machine, 1), IsOk());
  EXPECT_THAT(registry_->AddMachine(Machine("00000000000001", "m1"), Version("V1", kNow)),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(RegistryTest, AMachineChangesOnlyFromTheGenerationExpected) {
  RegisteredMachine machine = Machine(kId, "m1");
  ASSERT_THAT(registry_->AddMachine(machine, Version("V1", kNow)), IsOk());
  machine.generation = 2;
  machine.worker = "w2";
  ASSERT_THAT(registry_->UpdateMachine(machine, 1), IsOk());
  EXPECT_THAT(registry_->UpdateMachine(machine, 1), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(registry_->FindMachine(kId)->worker, "w2");
}

TEST_F(RegistryTest, TheNewestVersionsWithAValidPlacementStand) {
  ASSERT_THAT(registry_->AddMachine(Machine(kId, "m1"), Version("V1", kNow)), IsOk());
  for (const char* version : {"V2", "V3", "V4", "V5", "V6"}) {
    ASSERT_THAT(registry_->PutVersion(kId, Version(version, kNow + absl::Hours(1))), IsOk());
  }
  ASSERT_THAT(registry_->PutVersion(kId, Version("V5", kNow + absl::Hours(2))), IsOk());
  EXPECT_THAT(*registry_->StandingVersions(kId, kNow),
              ElementsAre(Field(&MachineVersion::version, "V6"), Field(&MachineVersion::version, "V5"),
                          Field(&MachineVersion::version, "V4"), Field(&MachineVersion::version, "V3")));
  EXPECT_THAT(*registry_->StandingVersions(kId, kNow + absl::Hours(1)),
              ElementsAre(Field(&MachineVersion::version, "V5")));
}

TEST_F(RegistryTest, AppsArePagedByName) {
  ASSERT_THAT(registry_->AddApp(App(6, 1, "api")), IsOk());
  ASSERT_THAT(registry_->AddApp(App(7, 2, "aaa")), IsOk());
  EXPECT_THAT(*registry_->ListApps(1, "", 10), ElementsAre(Field(&AppRecord::name, "api"), Field(&AppRecord::name, "web")));
  EXPECT_THAT(*registry_->ListApps(1, "api", 10), ElementsAre(Field(&AppRecord::name, "web")));
  EXPECT_THAT(*registry_->ListApps(1, "", 1), ElementsAre(Field(&AppRecord::name, "api")));
}

TEST_F(RegistryTest, MachinesArePagedByIdWithAppAndTheVersionPlacedLast) {
  ASSERT_THAT(registry_->AddMachine(Machine("00000000000001", "m1"), Version("V2", kNow)), IsOk());
  ASSERT_THAT(registry_->PutVersion("00000000000001", Version("V1", kNow + absl::Hours(1))), IsOk());
  ASSERT_THAT(registry_->AddMachine(Machine("00000000000002", "m2"), Version("V1", kNow)), IsOk());
  const std::vector<PlacedMachine> first = registry_->ListMachines("", 1).value();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].machine.name, "m1");
  EXPECT_EQ(first[0].app.name, "web");
  EXPECT_EQ(first[0].app.organization_id, 1u);
  EXPECT_EQ(first[0].version.version, "V1");
  EXPECT_EQ(first[0].version.subject_scope, SubjectScope::kApp);
  EXPECT_THAT(first[0].version.policy.audiences, ElementsAre("sts"));
  const std::vector<PlacedMachine> rest = registry_->ListMachines("00000000000001", 10).value();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].machine.name, "m2");
}

TEST_F(RegistryTest, ARetiredMachineIsNotListed) {
  RegisteredMachine machine = Machine(kId, "m1");
  ASSERT_THAT(registry_->AddMachine(machine, Version("V1", kNow)), IsOk());
  machine.retired = true;
  ASSERT_THAT(registry_->UpdateMachine(machine, 1), IsOk());
  EXPECT_TRUE(registry_->ListMachines("", 10)->empty());
}

TEST_F(RegistryTest, ASecondProcessIsRefused) {
  EXPECT_THAT(Registry::Open(path_).status(), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace tokensvc
