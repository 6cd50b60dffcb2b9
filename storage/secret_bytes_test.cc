#include "storage/secret_bytes.h"

#include <string>
#include <type_traits>
#include <utility>

#include "gtest/gtest.h"

namespace storage {
namespace {

static_assert(!std::is_copy_constructible_v<SecretBytes>, "a copy must be asked for by name");
static_assert(!std::is_copy_assignable_v<SecretBytes>, "a copy must be asked for by name");

// Where the bytes of a secret of this length stand: inside the object, or on the heap.
class SecretLengthTest : public testing::TestWithParam<size_t> {};

TEST_P(SecretLengthTest, RevealGivesTheBytesBack) {
  EXPECT_EQ(SecretBytes(std::string(GetParam(), 'k')).Reveal(), std::string(GetParam(), 'k'));
}

TEST_P(SecretLengthTest, MovingEmptiesAndZeroesTheSource) {
  SecretBytes source(std::string(GetParam(), 'k'));
  SecretBytes target(std::move(source));
  EXPECT_EQ(target.Reveal(), std::string(GetParam(), 'k'));
  EXPECT_EQ(source.size(), 0u);  // NOLINT(bugprone-use-after-move): what is left behind is the point
  const auto* left = reinterpret_cast<const unsigned char*>(&source);
  for (size_t i = 0; i + 3 < sizeof(source); ++i) {
    EXPECT_FALSE(left[i] == 'k' && left[i + 1] == 'k' && left[i + 2] == 'k') << "byte " << i;
  }
}

TEST_P(SecretLengthTest, AssignmentReplacesTheOldSecret) {
  SecretBytes target(std::string("old"));
  target = SecretBytes(std::string(GetParam(), 'k'));
  EXPECT_EQ(target.Reveal(), std::string(GetParam(), 'k'));
}

TEST_P(SecretLengthTest, DuplicateIsEqualAndIndependent) {
  SecretBytes original(std::string(GetParam(), 'k'));
  const SecretBytes copy = original.Duplicate();
  original = SecretBytes(std::string("other"));
  EXPECT_EQ(copy.Reveal(), std::string(GetParam(), 'k'));
}

INSTANTIATE_TEST_SUITE_P(Lengths, SecretLengthTest, testing::Values(3, 15, 16, 32, 4096),
                         [](const auto& info) { return "Bytes" + std::to_string(info.param); });

TEST(SecretBytesTest, EqualityComparesLengthAndEveryByte) {
  const SecretBytes secret(std::string("0123456789abcdef"));
  EXPECT_TRUE(secret == SecretBytes(std::string("0123456789abcdef")));
  EXPECT_FALSE(secret == SecretBytes(std::string("0123456789abcdeg")));
  EXPECT_FALSE(secret == SecretBytes(std::string("1123456789abcdef")));
  EXPECT_FALSE(secret == SecretBytes(std::string("0123456789abcde")));
  EXPECT_TRUE(SecretBytes(std::string()) == SecretBytes(std::string()));
}

TEST(SecretBytesTest, RandomSecretsHaveTheirLengthAndDiffer) {
  const SecretBytes first = RandomSecret(32);
  EXPECT_EQ(first.size(), 32u);
  EXPECT_FALSE(first == RandomSecret(32));
}

TEST(SecretBytesTest, DestructionZeroesTheBytes) {
  alignas(SecretBytes) unsigned char room[sizeof(SecretBytes)];
  auto* secret = new (room) SecretBytes(std::string("kkkkkkkk"));
  secret->~SecretBytes();
  EXPECT_EQ(std::string(room, room + sizeof(room)).find("kkk"), std::string::npos);
}

}  // namespace
}  // namespace storage
