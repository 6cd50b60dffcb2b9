#include "tokensvc/claims/identity_claims.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tokensvc {
namespace {

IdentityClaims Example() {
  return {.organization_id = 11111111,
          .organization_slug = "acme",
          .app_id = 22222222,
          .app_name = "web",
          .machine_id = "148e21ea7e46e8",
          .machine_name = "m1",
          .machine_version = "01HTGGC1TZ2JHK83J4AC0R3VET",
          .image = "registry.example/web:7",
          .image_digest = "sha256:2c1cdaded1b3820020c9dc9fdd1d6e798d6f6ca36861bb6ae64019fad6be9ee3",
          .region = "yyz",
          .subject_scope = SubjectScope::kMachine};
}

TEST(SubjectTest, NamesOrganizationAppAndMachine) { EXPECT_EQ(Subject(Example()), "acme:web:m1"); }

TEST(SubjectTest, AppScopeLeavesTheMachineOut) {
  IdentityClaims claims = Example();
  claims.subject_scope = SubjectScope::kApp;
  EXPECT_EQ(Subject(claims), "acme:web");
}

TEST(IdentityClaimsDigestTest, IsThirtyTwoBytesAndStable) {
  EXPECT_EQ(IdentityClaimsDigest(Example()).size(), 32u);
  EXPECT_EQ(IdentityClaimsDigest(Example()), IdentityClaimsDigest(Example()));
}

// Each field has its own row, so a digest that forgets one fails by that field's name.
struct FieldCase {
  const char* name;
  void (*change)(IdentityClaims&);
};
class IdentityClaimsDigestFieldTest : public testing::TestWithParam<FieldCase> {};

TEST_P(IdentityClaimsDigestFieldTest, ChangesTheDigest) {
  IdentityClaims changed = Example();
  GetParam().change(changed);
  EXPECT_NE(IdentityClaimsDigest(changed), IdentityClaimsDigest(Example()));
}

INSTANTIATE_TEST_SUITE_P(
    Each, IdentityClaimsDigestFieldTest,
    testing::Values(FieldCase{"OrganizationId", [](IdentityClaims& c) { c.organization_id = 1; }},
                    FieldCase{"OrganizationSlug", [](IdentityClaims& c) { c.organization_slug = "other"; }},
                    FieldCase{"AppId", [](IdentityClaims& c) { c.app_id = 1; }},
                    FieldCase{"AppName", [](IdentityClaims& c) { c.app_name = "api"; }},
                    FieldCase{"MachineId", [](IdentityClaims& c) { c.machine_id = "00000000000000"; }},
                    FieldCase{"MachineName", [](IdentityClaims& c) { c.machine_name = "m2"; }},
                    FieldCase{"MachineVersion", [](IdentityClaims& c) { c.machine_version[25] = '0'; }},
                    FieldCase{"Image", [](IdentityClaims& c) { c.image = "host"; }},
                    FieldCase{"ImageDigest", [](IdentityClaims& c) { c.image_digest.back() = '0'; }},
                    FieldCase{"Region", [](IdentityClaims& c) { c.region = "ams"; }},
                    FieldCase{"Scope", [](IdentityClaims& c) { c.subject_scope = SubjectScope::kApp; }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tokensvc
