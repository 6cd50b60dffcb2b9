#include "tokensvc/macaroon/discharge/sealed_box.h"

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
using tests::IsOk;
using tests::StatusIs;

SecretBytes Key() { return SecretBytes(std::string(32, 'k')); }

TEST(SealedBoxTest, WhatWasSealedIsUnsealed) {
  for (const std::string& plaintext : {std::string(), std::string("x"), std::string(1000, 'p')}) {
    const absl::StatusOr<std::string> sealed = Seal(Key(), plaintext);
    ASSERT_THAT(sealed, IsOk());
    EXPECT_EQ(sealed->size(), 12 + plaintext.size() + 16);
    const absl::StatusOr<SecretBytes> opened = Unseal(Key(), *sealed);
    ASSERT_THAT(opened, IsOk());
    EXPECT_EQ(opened->Reveal(), plaintext);
  }
}

TEST(SealedBoxTest, TwoSealsOfOneTextDiffer) { EXPECT_NE(*Seal(Key(), "text"), *Seal(Key(), "text")); }

TEST(SealedBoxTest, IsTheAeadOfTheWorkedExample) {
  const SecretBytes key(absl::HexStringToBytes("404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"));
  const std::string plaintext =
      absl::HexStringToBytes("92c420808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f90");
  const absl::StatusOr<std::string> sealed = SealWithNonce(key, std::string(12, '\1'), plaintext);
  ASSERT_THAT(sealed, IsOk());
  EXPECT_EQ(absl::BytesToHexString(*sealed),
            "010101010101010101010101850b3827358c74379f8fc41349de5361a1ce68289d94170b8d30a520019c79275a46009b62fa9b7589"
            "00e2f0318ca604418220fe");
}

TEST(SealedBoxTest, AlteredInAnySingleBitIsRefused) {
  const std::string sealed = *Seal(Key(), "text");
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string forged = sealed;
    forged[bit / 8] ^= static_cast<char>(1 << bit % 8);
    EXPECT_THAT(Unseal(Key(), forged), StatusIs(absl::StatusCode::kUnauthenticated)) << "bit " << bit;
  }
}

TEST(SealedBoxTest, EveryShorterInputIsRefused) {
  const std::string sealed = *Seal(Key(), "text");
  for (size_t length = 0; length < sealed.size(); ++length) {
    EXPECT_THAT(Unseal(Key(), sealed.substr(0, length)), StatusIs(absl::StatusCode::kUnauthenticated)) << length;
  }
}

TEST(SealedBoxTest, AnotherKeyIsRefused) {
  EXPECT_THAT(Unseal(SecretBytes(std::string(32, 'x')), *Seal(Key(), "text")),
              StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST(SealedBoxTest, KeysHave32BytesAndNonces12) {
  const SecretBytes short_key(std::string(31, 'k'));
  const absl::StatusCode invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Seal(short_key, ""), StatusIs(invalid, HasSubstr("31 bytes, want 32")));
  EXPECT_THAT(Unseal(short_key, *Seal(Key(), "")), StatusIs(invalid, HasSubstr("31 bytes, want 32")));
  EXPECT_THAT(SealWithNonce(Key(), "short", ""), StatusIs(invalid, HasSubstr("want 12 bytes")));
}

}  // namespace
}  // namespace tokensvc::macaroon
