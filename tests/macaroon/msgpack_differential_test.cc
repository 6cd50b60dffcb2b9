#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "msgpack.hpp"
#include "tests/macaroon/random_values.h"
#include "tests/status_matchers.h"
#include "tokensvc/macaroon/caveats/caveat.h"
#include "tokensvc/macaroon/caveats/caveat_codec.h"
#include "tokensvc/macaroon/msgpack/msgpack_reader.h"
#include "tokensvc/macaroon/msgpack/msgpack_writer.h"

// Our codec against msgpack-cxx, an implementation by others. It reads any form of a value and writes the shortest, so
// bytes are canonical exactly if they come back unchanged.
namespace tokensvc::macaroon {
namespace {

using tests::IsOk;
using tests::RandomValues;

constexpr int kRounds = 10000;

std::string ReEncoded(const std::string& bytes) {
  const msgpack::object_handle handle = msgpack::unpack(bytes.data(), bytes.size());
  msgpack::sbuffer buffer;
  msgpack::pack(buffer, handle.get());
  return std::string(buffer.data(), buffer.size());
}

bool OthersReadWhole(const std::string& bytes) {
  try {
    size_t end = 0;
    const size_t most = bytes.size();  // of anything, or a huge count becomes a huge allocation
    const msgpack::unpack_limit limit(most, most, most, most, most);
    msgpack::unpack(bytes.data(), bytes.size(), end, nullptr, nullptr, limit);
    return end == bytes.size();
  } catch (const msgpack::unpack_error&) {
    return false;
  }
}

// A value of any shape that Macaroons use.
void WriteRandom(RandomValues& random, int depth, MsgpackWriter& writer) {
  switch (random.Below(depth < 4 ? 8 : 6)) {
    case 0: return writer.Nil();
    case 1: return writer.Bool(random.Below(2) == 0);
    case 2: return writer.Uint(random.Uint());
    case 3: return writer.Int(random.Int());
    case 4: return writer.String(random.Bytes(300));
    case 5: return writer.Binary(random.Bytes(300));
    case 6: {
      const size_t elements = random.Below(18);
      writer.ArrayHeader(elements);
      for (size_t i = 0; i < elements; ++i) WriteRandom(random, depth + 1, writer);
      return;
    }
    default: {
      const size_t entries = random.Below(18);
      writer.MapHeader(entries);
      for (size_t i = 0; i < entries * 2; ++i) WriteRandom(random, depth + 1, writer);
      return;
    }
  }
}

TEST(MsgpackDifferentialTest, OthersWriteTheSameBytes) {
  RandomValues random(11);
  for (int round = 0; round < kRounds / 10; ++round) {
    MsgpackWriter writer;
    WriteRandom(random, 0, writer);
    ASSERT_EQ(ReEncoded(writer.bytes()), writer.bytes()) << "round " << round;
  }
}

TEST(MsgpackDifferentialTest, OthersReadTheSameNumbers) {
  RandomValues random(12);
  for (int round = 0; round < kRounds; ++round) {
    msgpack::sbuffer buffer;
    const int64_t number = random.Int();
    const uint64_t natural = random.Uint();
    msgpack::pack(buffer, number);
    msgpack::pack(buffer, natural);
    MsgpackReader reader({buffer.data(), buffer.size()});
    ASSERT_EQ(reader.Int(), number);
    ASSERT_EQ(reader.Uint(), natural);
    ASSERT_THAT(reader.Finish(), IsOk());
  }
}

TEST(MsgpackDifferentialTest, RawValueEndsWhereOthersEnd) {
  RandomValues random(13);
  for (int round = 0; round < kRounds; ++round) {
    MsgpackWriter writer;
    WriteRandom(random, 2, writer);
    const std::string bytes = random.Mutated(writer.bytes());
    MsgpackReader reader(bytes);
    reader.RawValue();
    ASSERT_EQ(reader.Finish().ok(), OthersReadWhole(bytes)) << absl::BytesToHexString(bytes);
  }
}

// Numbers in every form, most of them too long: we take exactly those that others would write.
TEST(MsgpackDifferentialTest, NumbersAreTakenExactlyInTheFormThatOthersWrite) {
  RandomValues random(14);
  int accepted = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string tag(1, static_cast<char>(0xcc + random.Below(8)));
    const size_t width = size_t{1} << (tag[0] & 3);
    std::string bytes = tag;
    const uint64_t value = random.Below(2) == 0 ? random.Uint() : static_cast<uint64_t>(random.Int());
    for (size_t i = width; i > 0; --i) bytes.push_back(static_cast<char>(value >> (i - 1) * 8));
    MsgpackReader reader(bytes);
    reader.Int();
    const bool huge = tag[0] == '\xcf' && (bytes[1] & 0x80) != 0;  // no int64
    ASSERT_EQ(reader.Finish().ok(), !huge && ReEncoded(bytes) == bytes) << absl::BytesToHexString(bytes);
    accepted += reader.ok();
  }
  EXPECT_GT(accepted, kRounds / 20);
}

TEST(MsgpackDifferentialTest, WhatWeAcceptAsCaveatsIsWhatOthersWouldWrite) {
  RandomValues random(15);
  for (int round = 0; round < kRounds; ++round) {
    const Caveat caveat = random.Caveat();
    const std::string bytes = random.Below(2) == 0 ? EncodeCaveat(caveat) : random.Mutated(EncodeCaveat(caveat));
    const absl::StatusOr<std::vector<Caveat>> caveats = DecodeCaveats(bytes);
    if (!caveats.ok()) continue;
    bool raw = false;  // bodies of unknown types may have any form
    for (const Caveat& one : *caveats) raw = raw || !IsRegistered(one.type()) || CaveatName(one) == "IfPresent";
    if (!raw) {
      ASSERT_EQ(ReEncoded(bytes), bytes) << absl::BytesToHexString(bytes);
    }
  }
}

}  // namespace
}  // namespace tokensvc::macaroon
