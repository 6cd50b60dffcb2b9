#include "tokensvc/macaroon/msgpack/msgpack_reader.h"

#include <cstdint>
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

std::string Bytes(absl::string_view hex) { return absl::HexStringToBytes(hex); }

TEST(MsgpackReaderTest, ReadsEachKind) {
  const std::string bytes = Bytes("98c0c305ff" "a161" "c40162" "9107" "81a16b01");
  MsgpackReader reader(bytes);
  EXPECT_EQ(reader.ArrayHeader(), 8u);
  EXPECT_TRUE(reader.Nil());
  EXPECT_TRUE(reader.Bool());
  EXPECT_EQ(reader.Uint(), 5u);
  EXPECT_EQ(reader.Int(), -1);
  EXPECT_EQ(reader.String(), "a");
  EXPECT_EQ(reader.Binary(), "b");
  reader.ArrayHeaderOf(1);
  EXPECT_EQ(reader.Uint(7), 7u);
  EXPECT_EQ(reader.MapHeader(), 1u);
  EXPECT_EQ(reader.String(), "k");
  EXPECT_EQ(reader.Int(), 1);
  EXPECT_THAT(reader.Finish(), IsOk());
}

TEST(MsgpackReaderTest, NilLeavesAnotherValueAlone) {
  const std::string bytes = Bytes("05");
  MsgpackReader reader(bytes);
  EXPECT_FALSE(reader.Nil());
  EXPECT_EQ(reader.Uint(), 5u);
  EXPECT_THAT(reader.Finish(), IsOk());
}

struct RefusalCase {
  const char* name;
  const char* hex;
  void (*read)(MsgpackReader&);
  const char* message;
};
class RefusalTest : public testing::TestWithParam<RefusalCase> {};

TEST_P(RefusalTest, NamesTheFault) {
  const std::string bytes = Bytes(GetParam().hex);
  MsgpackReader reader(bytes);
  GetParam().read(reader);
  EXPECT_THAT(reader.Finish(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

void Uint(MsgpackReader& reader) { EXPECT_EQ(reader.Uint(), 0u); }
void UintUpTo9(MsgpackReader& reader) { EXPECT_EQ(reader.Uint(9), 0u); }
void Int(MsgpackReader& reader) { EXPECT_EQ(reader.Int(), 0); }
void Bool(MsgpackReader& reader) { EXPECT_FALSE(reader.Bool()); }
void String(MsgpackReader& reader) { EXPECT_EQ(reader.String(), ""); }
void Binary(MsgpackReader& reader) { EXPECT_EQ(reader.Binary(), ""); }
void Array(MsgpackReader& reader) { EXPECT_EQ(reader.ArrayHeader(), 0u); }
void ArrayOf2(MsgpackReader& reader) { reader.ArrayHeaderOf(2); }
void Map(MsgpackReader& reader) { EXPECT_EQ(reader.MapHeader(), 0u); }
void Raw(MsgpackReader& reader) { EXPECT_EQ(reader.RawValue(), ""); }

constexpr char kLonger[] = "a longer form than needed";
constexpr char kShortest[] = "its shortest form";
constexpr char kEnd[] = "end of input";

INSTANTIATE_TEST_SUITE_P(
    NonCanonical, RefusalTest,
    testing::Values(
        RefusalCase{"UintInCc", "cc7f", Uint, kLonger}, RefusalCase{"UintInCd", "cd00ff", Uint, kLonger},
        RefusalCase{"UintInCe", "ce0000ffff", Uint, kLonger},
        RefusalCase{"UintInCf", "cf00000000ffffffff", Uint, kLonger}, RefusalCase{"UintInD0", "d005", Uint, kLonger},
        RefusalCase{"UintInD3", "d30000000000010000", Uint, kLonger}, RefusalCase{"IntInCc", "cc01", Int, kShortest},
        RefusalCase{"NegativeInD0", "d0e0", Int, kShortest}, RefusalCase{"NegativeInD1", "d1ff80", Int, kShortest},
        RefusalCase{"NegativeInD2", "d2ffff8000", Int, kShortest},
        RefusalCase{"NegativeInD3", "d3ffffffff80000000", Int, kShortest},
        RefusalCase{"StringInD9", "d90161", String, kLonger}, RefusalCase{"StringInDa", "da000161", String, kLonger},
        RefusalCase{"StringInDb", "db0000000161", String, kLonger},
        RefusalCase{"BinaryInC5", "c5000161", Binary, kLonger},
        RefusalCase{"BinaryInC6", "c60000000161", Binary, kLonger}, RefusalCase{"ArrayInDc", "dc0000", Array, kLonger},
        RefusalCase{"ArrayInDd", "dd00000000", Array, kLonger}, RefusalCase{"MapInDe", "de0000", Map, kLonger},
        RefusalCase{"MapInDf", "df00000000", Map, kLonger}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    WrongKind, RefusalTest,
    testing::Values(RefusalCase{"BinaryForString", "c40161", String, "tag c4, want a string"},
                    RefusalCase{"StringForBinary", "a161", Binary, "tag a1, want bytes"},
                    RefusalCase{"NilForUint", "c0", Uint, "tag c0, want an unsigned integer"},
                    RefusalCase{"NegativeForUint", "ff", Uint, "tag ff, want an unsigned integer"},
                    RefusalCase{"HugeForInt", "cf8000000000000000", Int, kShortest},
                    RefusalCase{"UintForBool", "01", Bool, "tag 01, want a boolean"},
                    RefusalCase{"MapForArray", "80", Array, "tag 80, want an array"},
                    RefusalCase{"FloatForUint", "ca00000000", Uint, "tag ca"},
                    RefusalCase{"ReservedTag", "c1", Raw, "c1, want a msgpack value"},
                    RefusalCase{"OtherCount", "91c0", ArrayOf2, "an array of 1, want one of 2"},
                    RefusalCase{"AboveTheMaximum", "0a", UintUpTo9, "10, want at most 9"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    CutOff, RefusalTest,
    testing::Values(RefusalCase{"Nothing", "", Uint, kEnd}, RefusalCase{"HalfANumber", "cd01", Uint, kEnd},
                    RefusalCase{"HalfAString", "a261", String, kEnd},
                    RefusalCase{"HugeString", "dbffffffff61", String, kEnd},
                    RefusalCase{"HugeArray", "ddffffffff", Array, "elements, want at most the 0 bytes left"},
                    RefusalCase{"MapOfHalfPairs", "81a0", Map, "1 elements, want at most the 1 bytes left"},
                    RefusalCase{"RawArray", "92c0", Raw, "want at most the 1 bytes left"},
                    RefusalCase{"RawExtension", "d400", Raw, kEnd}, RefusalCase{"RawFloat", "cb00", Raw, kEnd}),
    [](const auto& info) { return info.param.name; });

TEST(MsgpackReaderTest, RawValueIsWellFormedInAnyForm) {
  for (const char* hex : {"cd0001", "c0", "cb3ff0000000000000", "d6ff00000000", "c7020501" "02", "82a161cc01a1629190",
                          "dc0001c3", "d80100000000000000000000000000000000"}) {
    const std::string bytes = Bytes(hex);
    MsgpackReader reader(bytes);
    EXPECT_EQ(reader.RawValue(), bytes) << hex;
    EXPECT_THAT(reader.Finish(), IsOk()) << hex;
  }
}

TEST(MsgpackReaderTest, RawValueOfAnyDepthNeedsNoStack) {
  const std::string bytes = std::string(1000000, '\x91') + '\xc0';
  MsgpackReader reader(bytes);
  EXPECT_EQ(reader.RawValue().size(), bytes.size());
}

TEST(MsgpackReaderTest, TrailingBytesAreAFault) {
  const std::string bytes = Bytes("05c0");
  MsgpackReader reader(bytes);
  EXPECT_EQ(reader.Uint(), 5u);
  EXPECT_THAT(reader.Finish(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("byte 1: 1 bytes, want the end")));
}

TEST(MsgpackReaderTest, TheFirstFaultSticks) {
  const std::string bytes = Bytes("a161050607");
  MsgpackReader reader(bytes);
  EXPECT_EQ(reader.Uint(), 0u);
  EXPECT_EQ(reader.Uint(), 0u);
  EXPECT_EQ(reader.String(), "");
  EXPECT_FALSE(reader.Nil());
  EXPECT_FALSE(reader.ok());
  EXPECT_THAT(reader.Finish(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("byte 0: tag a1")));
}

}  // namespace
}  // namespace tokensvc::macaroon
