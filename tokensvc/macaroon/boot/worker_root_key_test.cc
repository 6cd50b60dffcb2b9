#include "tokensvc/macaroon/boot/worker_root_key.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tokensvc::macaroon {
namespace {

using storage::SecretBytes;
using testing::HasSubstr;
using tests::IsOkAndHolds;
using tests::StatusIs;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
constexpr char kKidHex[] = "0100000002776f726b65722d37";

SecretBytes FleetKey() {
  return SecretBytes(absl::HexStringToBytes("404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"));
}

TEST(WorkerRootKeyTest, KidIsVersionEpochAndName) {
  const absl::StatusOr<std::string> kid = EncodeWorkerKid({"worker-7", 2});
  ASSERT_THAT(kid, tests::IsOk());
  EXPECT_EQ(absl::BytesToHexString(*kid), kKidHex);
  EXPECT_THAT(DecodeWorkerKid(*kid), IsOkAndHolds(WorkerKid{"worker-7", 2}));
}

TEST(WorkerRootKeyTest, EveryEpochHasItsKid) {
  for (const uint32_t epoch : {0u, 1u, 255u, 65536u, 0xffffffffu}) {
    EXPECT_THAT(DecodeWorkerKid(*EncodeWorkerKid({"w", epoch})), IsOkAndHolds(WorkerKid{"w", epoch}));
  }
}

TEST(WorkerRootKeyTest, OnlyWorkerNamesHaveAKid) {
  EXPECT_THAT(EncodeWorkerKid({std::string(63, 'w'), 0}), tests::IsOk());
  for (const std::string& name : {std::string(), std::string(64, 'w'), std::string("Worker"), std::string("w_1"),
                                  std::string("w/1"), std::string("w\0", 2)}) {
    EXPECT_THAT(EncodeWorkerKid({name, 0}), StatusIs(kInvalid, HasSubstr("worker name"))) << name;
  }
}

TEST(WorkerRootKeyTest, DecodingRefusesWhatEncodingNeverMakes) {
  EXPECT_THAT(DecodeWorkerKid(""), StatusIs(kInvalid, HasSubstr("0 bytes")));
  EXPECT_THAT(DecodeWorkerKid(absl::HexStringToBytes("0100000002")), StatusIs(kInvalid, HasSubstr("5 bytes")));
  EXPECT_THAT(DecodeWorkerKid(absl::HexStringToBytes("020000000277")), StatusIs(kInvalid, HasSubstr("version 2")));
  EXPECT_THAT(DecodeWorkerKid(absl::HexStringToBytes("010000000257")), StatusIs(kInvalid, HasSubstr("worker name")));
}

TEST(WorkerRootKeyTest, KeyIsHkdfOfFleetKeyAndKid) {
  const absl::StatusOr<SecretBytes> key = DeriveWorkerRootKey(FleetKey(), absl::HexStringToBytes(kKidHex));
  ASSERT_THAT(key, tests::IsOk());
  EXPECT_EQ(absl::BytesToHexString(key->Reveal()), "b6e64aac8fea4a000aa9d356cc2cf39faed108838f78e535180a048aeb45897a");
}

TEST(WorkerRootKeyTest, OtherWorkersEpochsAndFleetsHaveOtherKeys) {
  const SecretBytes key = *DeriveWorkerRootKey(FleetKey(), *EncodeWorkerKid({"worker-7", 2}));
  EXPECT_FALSE(key == *DeriveWorkerRootKey(FleetKey(), *EncodeWorkerKid({"worker-7", 3})));
  EXPECT_FALSE(key == *DeriveWorkerRootKey(FleetKey(), *EncodeWorkerKid({"worker-8", 2})));
  EXPECT_FALSE(key == *DeriveWorkerRootKey(SecretBytes(std::string(32, 'f')), *EncodeWorkerKid({"worker-7", 2})));
}

TEST(WorkerRootKeyTest, AShortFleetKeyOrAForeignKidIsRefused) {
  const std::string kid = absl::HexStringToBytes(kKidHex);
  EXPECT_THAT(DeriveWorkerRootKey(SecretBytes(std::string(31, 'f')), kid), StatusIs(kInvalid, HasSubstr("31 bytes")));
  EXPECT_THAT(DeriveWorkerRootKey(SecretBytes(std::string(33, 'f')), kid), StatusIs(kInvalid, HasSubstr("33 bytes")));
  EXPECT_THAT(DeriveWorkerRootKey(FleetKey(), "12345678"), StatusIs(kInvalid, HasSubstr("version")));
}

}  // namespace
}  // namespace tokensvc::macaroon
