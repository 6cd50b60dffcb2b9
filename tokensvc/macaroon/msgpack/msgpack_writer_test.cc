#include "tokensvc/macaroon/msgpack/msgpack_writer.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace tokensvc::macaroon {
namespace {

template <typename Write>
std::string Hex(Write write) {
  MsgpackWriter writer;
  write(writer);
  return absl::BytesToHexString(writer.bytes());
}

struct UintCase {
  const char* name;
  uint64_t value;
  const char* hex;
};
class UintTest : public testing::TestWithParam<UintCase> {};

TEST_P(UintTest, TakesTheFewestBytes) {
  EXPECT_EQ(Hex([](MsgpackWriter& writer) { writer.Uint(GetParam().value); }), GetParam().hex);
}

TEST_P(UintTest, IsTheSameAsASignedNumberWhereThatExists) {
  if (GetParam().value > INT64_MAX) GTEST_SKIP() << "no such signed number";
  EXPECT_EQ(Hex([](MsgpackWriter& writer) { writer.Int(static_cast<int64_t>(GetParam().value)); }), GetParam().hex);
}

INSTANTIATE_TEST_SUITE_P(Bounds, UintTest,
                         testing::Values(UintCase{"Zero", 0, "00"}, UintCase{"LastOfOneByte", 127, "7f"},
                                         UintCase{"FirstOfCc", 128, "cc80"}, UintCase{"LastOfCc", 255, "ccff"},
                                         UintCase{"FirstOfCd", 256, "cd0100"}, UintCase{"LastOfCd", 65535, "cdffff"},
                                         UintCase{"FirstOfCe", 65536, "ce00010000"},
                                         UintCase{"LastOfCe", 0xffffffff, "ceffffffff"},
                                         UintCase{"FirstOfCf", 0x100000000, "cf0000000100000000"},
                                         UintCase{"LastOfCf", UINT64_MAX, "cfffffffffffffffff"}),
                         [](const auto& info) { return info.param.name; });

struct IntCase {
  const char* name;
  int64_t value;
  const char* hex;
};
class NegativeTest : public testing::TestWithParam<IntCase> {};

TEST_P(NegativeTest, TakesTheFewestBytes) {
  EXPECT_EQ(Hex([](MsgpackWriter& writer) { writer.Int(GetParam().value); }), GetParam().hex);
}

INSTANTIATE_TEST_SUITE_P(
    Bounds, NegativeTest,
    testing::Values(IntCase{"MinusOne", -1, "ff"}, IntCase{"LastOfOneByte", -32, "e0"},
                    IntCase{"FirstOfD0", -33, "d0df"}, IntCase{"LastOfD0", -128, "d080"},
                    IntCase{"FirstOfD1", -129, "d1ff7f"}, IntCase{"LastOfD1", -32768, "d18000"},
                    IntCase{"FirstOfD2", -32769, "d2ffff7fff"}, IntCase{"LastOfD2", INT32_MIN, "d280000000"},
                    IntCase{"FirstOfD3", int64_t{INT32_MIN} - 1, "d3ffffffff7fffffff"},
                    IntCase{"LastOfD3", INT64_MIN, "d38000000000000000"}),
    [](const auto& info) { return info.param.name; });

struct LengthCase {
  const char* name;
  size_t length;
  const char* string_head;
  const char* binary_head;
  const char* array_head;
  const char* map_head;
};
class LengthTest : public testing::TestWithParam<LengthCase> {};

TEST_P(LengthTest, HeadsTakeTheFewestBytes) {
  const std::string content(GetParam().length, 'x');
  const std::string content_hex = absl::BytesToHexString(content);
  EXPECT_EQ(Hex([&](MsgpackWriter& writer) { writer.String(content); }), GetParam().string_head + content_hex);
  EXPECT_EQ(Hex([&](MsgpackWriter& writer) { writer.Binary(content); }), GetParam().binary_head + content_hex);
  EXPECT_EQ(Hex([](MsgpackWriter& writer) { writer.ArrayHeader(GetParam().length); }), GetParam().array_head);
  EXPECT_EQ(Hex([](MsgpackWriter& writer) { writer.MapHeader(GetParam().length); }), GetParam().map_head);
}

INSTANTIATE_TEST_SUITE_P(
    Bounds, LengthTest,
    testing::Values(LengthCase{"Empty", 0, "a0", "c400", "90", "80"},
                    LengthCase{"Fifteen", 15, "af", "c40f", "9f", "8f"},
                    LengthCase{"Sixteen", 16, "b0", "c410", "dc0010", "de0010"},
                    LengthCase{"ThirtyOne", 31, "bf", "c41f", "dc001f", "de001f"},
                    LengthCase{"ThirtyTwo", 32, "d920", "c420", "dc0020", "de0020"},
                    LengthCase{"LastOfOneByte", 255, "d9ff", "c4ff", "dc00ff", "de00ff"},
                    LengthCase{"FirstOfTwoBytes", 256, "da0100", "c50100", "dc0100", "de0100"},
                    LengthCase{"LastOfTwoBytes", 65535, "daffff", "c5ffff", "dcffff", "deffff"},
                    LengthCase{"FirstOfFourBytes", 65536, "db00010000", "c600010000", "dd00010000", "df00010000"}),
    [](const auto& info) { return info.param.name; });

TEST(MsgpackWriterTest, NilAndBooleansAreOneByte) {
  EXPECT_EQ(Hex([](MsgpackWriter& writer) { writer.Nil(); }), "c0");
  EXPECT_EQ(Hex([](MsgpackWriter& writer) { writer.Bool(false); }), "c2");
  EXPECT_EQ(Hex([](MsgpackWriter& writer) { writer.Bool(true); }), "c3");
}

TEST(MsgpackWriterTest, ValuesFollowEachOther) {
  MsgpackWriter writer;
  writer.ArrayHeader(2);
  writer.Uint(7);
  writer.Raw("\xc3");
  EXPECT_EQ(absl::BytesToHexString(std::move(writer).Take()), "9207c3");
}

}  // namespace
}  // namespace tokensvc::macaroon
