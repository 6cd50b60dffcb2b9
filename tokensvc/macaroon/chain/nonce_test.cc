#include "tokensvc/macaroon/chain/nonce.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tokensvc::macaroon {
namespace {

using testing::HasSubstr;
using tests::IsOk;
using tests::StatusIs;

constexpr char kV1[] = "93c4046b696430c410101112131415161718191a1b1c1d1e1fc2";
constexpr char kV0[] = "92c4046b696430c410101112131415161718191a1b1c1d1e1f";

Nonce Example(NonceVersion version) {
  return Nonce{.kid = "kid0", .rnd = absl::HexStringToBytes("101112131415161718191a1b1c1d1e1f"), .version = version};
}

Nonce Decode(absl::string_view hex) {
  const std::string bytes = absl::HexStringToBytes(hex);
  MsgpackReader reader(bytes);
  Nonce nonce = ReadNonce(reader);
  EXPECT_THAT(reader.Finish(), IsOk());
  return nonce;
}

absl::Status Refusal(absl::string_view hex) {
  const std::string bytes = absl::HexStringToBytes(hex);
  MsgpackReader reader(bytes);
  ReadNonce(reader);
  return reader.Finish();
}

TEST(NonceTest, Version1HasThreeFields) {
  EXPECT_EQ(absl::BytesToHexString(EncodeNonce(Example(NonceVersion::kV1))), kV1);
  EXPECT_EQ(Decode(kV1), Example(NonceVersion::kV1));
}

TEST(NonceTest, Version0StaysVersion0) {
  EXPECT_EQ(Decode(kV0), Example(NonceVersion::kV0));
  EXPECT_EQ(absl::BytesToHexString(EncodeNonce(Decode(kV0))), kV0);
}

TEST(NonceTest, ProofIsTheThirdField) {
  EXPECT_TRUE(Decode("93c40161c40162c3").proof);
  EXPECT_FALSE(Decode("93c40161c40162c2").proof);
}

TEST(NonceTest, OtherShapesAreRefused) {
  EXPECT_THAT(Refusal("91c40161"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a nonce of 1 fields")));
  EXPECT_THAT(Refusal("94c40161c40162c2c2"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("of 4 fields")));
  EXPECT_THAT(Refusal("93a161c40162c2"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("want bytes")));
  EXPECT_THAT(Refusal("93c40161c0c2"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("want bytes")));
  EXPECT_THAT(Refusal("93c40161c4016201"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a boolean")));
}

TEST(NonceTest, UuidIsThePublicLibrarys) {
  EXPECT_EQ(NonceUuid(Nonce{.kid = "kid", .rnd = "rnd"}), "fddc76c6-c5f3-5383-9167-490fcf9755de");
  EXPECT_EQ(NonceUuid(Example(NonceVersion::kV1)), "9eb717af-d74d-59f8-b053-944f8e9ec384");
}

}  // namespace
}  // namespace tokensvc::macaroon
