#include "tokensvc/placement/placement.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/fleet/v1/placement.pb.h"
#include "tests/fakes/es256_test_key.h"
#include "tests/fakes/test_placement.h"
#include "tests/status_matchers.h"

namespace tokensvc {
namespace {

using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class PlacementTest : public testing::Test {
 protected:
  absl::Status DecodeAndVerify(const std::string& bytes) {
    const absl::StatusOr<UnverifiedPlacement> decoded = DecodePlacement(bytes);
    if (!decoded.ok()) return decoded.status();
    return VerifyPlacement(*decoded, bytes, key_.spki_der()).status();
  }

  tests::Es256TestKey key_;
  Placement placement_ = tests::ExamplePlacement(key_, kNow);
};

TEST_F(PlacementTest, WhatWasSignedComesBack) {
  placement_.policy.audiences = {"sts.amazonaws.com", "vault"};
  placement_.policy.role_arns = {"arn:aws:iam::123456789012:role/reader"};
  placement_.identity.subject_scope = SubjectScope::kApp;
  const std::string bytes = tests::SignPlacement(placement_, key_);

  const absl::StatusOr<UnverifiedPlacement> decoded = DecodePlacement(bytes);
  ASSERT_THAT(decoded, tests::IsOk());
  const absl::StatusOr<VerifiedPlacement> verified = VerifyPlacement(*decoded, bytes, key_.spki_der());
  ASSERT_THAT(verified, tests::IsOk());
  const Placement& got = verified->placement();
  EXPECT_EQ(got.identity.machine_id, placement_.identity.machine_id);
  EXPECT_EQ(got.identity.subject_scope, SubjectScope::kApp);
  EXPECT_EQ(got.worker, "w1");
  EXPECT_EQ(got.generation, 1u);
  EXPECT_EQ(got.not_before, placement_.not_before);
  EXPECT_EQ(got.expires, placement_.expires);
  EXPECT_EQ(got.policy.audiences, placement_.policy.audiences);
  EXPECT_EQ(got.policy.role_arns, placement_.policy.role_arns);
  EXPECT_EQ(verified->sha256(), PlacementSha256(bytes));
}

TEST_F(PlacementTest, NoSingleBitCanBeAltered) {
  const std::string bytes = tests::SignPlacement(placement_, key_);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string altered = bytes;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(DecodeAndVerify(altered).ok()) << "bit " << bit;
  }
}

TEST_F(PlacementTest, EveryTruncationIsRefused) {
  const std::string bytes = tests::SignPlacement(placement_, key_);
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(DecodeAndVerify(bytes.substr(0, size)).ok()) << size;
}

TEST_F(PlacementTest, UnknownFieldsAreNotCanonical) {
  fly::fleet::v1::SignedPlacement outer;
  ASSERT_TRUE(outer.ParseFromString(tests::SignPlacement(placement_, key_)));
  outer.GetReflection()->MutableUnknownFields(&outer)->AddVarint(99, 1);
  EXPECT_THAT(DecodePlacement(outer.SerializeAsString()),
              tests::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("canonical")));
}

TEST_F(PlacementTest, AnUnknownKeyIsRefusedWhateverItSigned) {
  const tests::Es256TestKey other;
  EXPECT_THAT(DecodeAndVerify(tests::SignPlacement(placement_, other)),
              tests::StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("does not hold")));
  placement_.key_id = other.key_id();
  EXPECT_THAT(DecodeAndVerify(tests::SignPlacement(placement_, other)),
              tests::StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("key_id")));
}

TEST_F(PlacementTest, SignaturesOfAnotherDomainDoNotHold) {
  const absl::StatusOr<std::string> payload = EncodePlacementPayload(placement_);
  ASSERT_THAT(payload, tests::IsOk());
  EXPECT_FALSE(DecodeAndVerify(AssembleSignedPlacement(*payload, key_.Sign(*payload))).ok());
}

TEST_F(PlacementTest, OversizedBytesAreRefusedBeforeTheyAreParsed) {
  EXPECT_THAT(DecodePlacement(std::string(48 * 1024 + 1, 'x')),
              tests::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("49153 bytes, want at most 49152")));
}

struct FieldCase {
  const char* name;
  void (*change)(Placement&);
  const char* message;
};
class PlacementFieldTest : public testing::TestWithParam<FieldCase> {};

TEST_P(PlacementFieldTest, IsBounded) {
  const tests::Es256TestKey key;
  Placement placement = tests::ExamplePlacement(key, kNow);
  GetParam().change(placement);
  EXPECT_THAT(EncodePlacementPayload(placement),
              tests::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Each, PlacementFieldTest,
    testing::Values(
        FieldCase{"OrganizationId", [](Placement& p) { p.identity.organization_id = 0; }, "organization_id"},
        FieldCase{"Slug", [](Placement& p) { p.identity.organization_slug = "A"; }, "organization_slug"},
        FieldCase{"AppId", [](Placement& p) { p.identity.app_id = 0; }, "app_id"},
        FieldCase{"AppName", [](Placement& p) { p.identity.app_name = std::string(49, 'a'); }, "app_name"},
        FieldCase{"MachineId", [](Placement& p) { p.identity.machine_id = "x"; }, "machine_id"},
        FieldCase{"MachineName", [](Placement& p) { p.identity.machine_name = std::string(46, 'a'); }, "machine_name"},
        FieldCase{"Version", [](Placement& p) { p.identity.machine_version = "1"; }, "machine_version"},
        FieldCase{"Image", [](Placement& p) { p.identity.image = "a b"; }, "image"},
        FieldCase{"Digest", [](Placement& p) { p.identity.image_digest = "sha256:"; }, "image_digest"},
        FieldCase{"Region", [](Placement& p) { p.identity.region = ""; }, "region"},
        FieldCase{"Worker", [](Placement& p) { p.worker = "W"; }, "worker"},
        FieldCase{"Generation", [](Placement& p) { p.generation = 0; }, "generation"},
        FieldCase{"EmptyLife", [](Placement& p) { p.expires = p.not_before; }, "expires"},
        FieldCase{"LongLife", [](Placement& p) { p.expires = p.not_before + absl::Hours(49); }, "at most 48h"},
        FieldCase{"Audiences", [](Placement& p) { p.policy.audiences.assign(17, "a"); }, "17, want at most 16"},
        FieldCase{"Audience", [](Placement& p) { p.policy.audiences = {"a\n"}; }, "control characters"},
        FieldCase{"DefaultAudience", [](Placement& p) { p.policy.default_audience = ""; }, "default_audience"},
        FieldCase{"Roles", [](Placement& p) { p.policy.role_arns = {"short"}; }, "role_arns"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tokensvc
