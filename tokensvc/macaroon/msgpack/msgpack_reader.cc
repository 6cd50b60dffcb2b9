#include "tokensvc/macaroon/msgpack/msgpack_reader.h"

#include "absl/strings/str_cat.h"

namespace tokensvc::macaroon {
namespace {

// The largest value that fits into `bytes` bytes.
constexpr uint64_t MaxOf(size_t bytes) { return bytes >= 8 ? ~uint64_t{0} : (uint64_t{1} << (bytes * 8)) - 1; }

int64_t SignExtend(uint64_t value, size_t bytes) {
  const int shift = static_cast<int>(64 - bytes * 8);
  return static_cast<int64_t>(value << shift) >> shift;
}

// True if `value` needs `bytes` bytes as a negative number: it is negative and does not fit into the next narrower form
// (of which the narrowest is the five bits of -32..-1).
bool NegativeNeeds(int64_t value, size_t bytes) {
  const int64_t narrower_min = bytes == 1 ? -32 : -(int64_t{1} << (bytes * 4 - 1));
  return value < narrower_min;
}

}  // namespace

void MsgpackReader::Fail(absl::string_view found, absl::string_view want) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrCat("msgpack byte ", value_start_, ": ", found, ", want ", want));
}

uint64_t MsgpackReader::BigEndian(size_t bytes) {
  uint64_t value = 0;
  if (bytes > bytes_.size() - position_) {
    Fail("end of input", absl::StrCat(bytes, " more bytes"));
    return value;
  }
  for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<uint8_t>(bytes_[position_++]);
  return value;
}

// The forms c0..df: a tag byte, then a number, a length or a count.
MsgpackReader::Head MsgpackReader::ReadTaggedHead(uint8_t tag) {
  const auto unsigned_form = [this](Kind kind, size_t bytes, uint64_t narrower_max) {
    const uint64_t value = BigEndian(bytes);
    return Head{kind, value, value > narrower_max};
  };
  // The two-, four- and eight-byte forms are needed from where the form of half the width ends.
  const auto wider_form = [&](Kind kind, size_t bytes) { return unsigned_form(kind, bytes, MaxOf(bytes / 2)); };
  const size_t bytes = size_t{1} << (tag & 3);  // of the integer forms cc..cf and d0..d3
  switch (tag) {
    case 0xc0: return {Kind::kNil};
    case 0xc2: return {Kind::kBool, 0};
    case 0xc3: return {Kind::kBool, 1};
    case 0xc4: return {Kind::kBinary, BigEndian(1)};
    case 0xc5: return wider_form(Kind::kBinary, 2);
    case 0xc6: return wider_form(Kind::kBinary, 4);
    case 0xc7: return {Kind::kExtension, BigEndian(1) + 1};
    case 0xc8: return {Kind::kExtension, BigEndian(2) + 1};
    case 0xc9: return {Kind::kExtension, BigEndian(4) + 1};
    case 0xca: return {Kind::kFloat, 4};
    case 0xcb: return {Kind::kFloat, 8};
    case 0xcc: return unsigned_form(Kind::kUint, 1, 0x7f);
    case 0xcd:
    case 0xce:
    case 0xcf: return wider_form(Kind::kUint, bytes);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3: {
      const int64_t value = SignExtend(BigEndian(bytes), bytes);
      return {value < 0 ? Kind::kNegative : Kind::kUint, static_cast<uint64_t>(value), NegativeNeeds(value, bytes)};
    }
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7: return {Kind::kExtension, bytes + 1};
    case 0xd8: return {Kind::kExtension, 16 + 1};
    case 0xd9: return unsigned_form(Kind::kString, 1, 31);
    case 0xda: return wider_form(Kind::kString, 2);
    case 0xdb: return wider_form(Kind::kString, 4);
    case 0xdc: return unsigned_form(Kind::kArray, 2, 15);
    case 0xdd: return wider_form(Kind::kArray, 4);
    case 0xde: return unsigned_form(Kind::kMap, 2, 15);
    case 0xdf: return wider_form(Kind::kMap, 4);
    default: return {Kind::kNone};  // c1 is never used
  }
}

MsgpackReader::Head MsgpackReader::ReadHead() {
  if (!ok()) return {};
  value_start_ = position_;
  const uint8_t tag = static_cast<uint8_t>(BigEndian(1));
  if (!ok()) return {};
  if (tag <= 0x7f) return {Kind::kUint, tag};
  if (tag <= 0x8f) return {Kind::kMap, tag & 0x0fu};
  if (tag <= 0x9f) return {Kind::kArray, tag & 0x0fu};
  if (tag <= 0xbf) return {Kind::kString, tag & 0x1fu};
  if (tag >= 0xe0) return {Kind::kNegative, static_cast<uint64_t>(SignExtend(tag, 1))};
  const Head head = ReadTaggedHead(tag);
  if (ok() && head.kind == Kind::kNone) Fail("c1", "a msgpack value");
  return ok() ? head : Head{};
}

MsgpackReader::Head MsgpackReader::Expect(Kind kind, absl::string_view want) {
  const Head head = ReadHead();
  if (!ok()) return {};
  if (head.kind != kind) {
    Fail(absl::StrCat("tag ", absl::Hex(static_cast<uint8_t>(bytes_[value_start_]), absl::kZeroPad2)), want);
  } else if (!head.canonical) {
    Fail("a longer form than needed", want);
  }
  return ok() ? head : Head{};
}

absl::string_view MsgpackReader::Slice(uint64_t length) {
  if (!ok()) return {};
  if (length > bytes_.size() - position_) {
    Fail("end of input", absl::StrCat(length, " more bytes"));
    return {};
  }
  const absl::string_view slice = bytes_.substr(position_, length);
  position_ += length;
  return slice;
}

size_t MsgpackReader::Count(const Head& head, size_t bytes_each) {
  if (!ok()) return 0;
  if (head.value > (bytes_.size() - position_) / bytes_each) {
    Fail(absl::StrCat(head.value, " elements"), absl::StrCat("at most the ", bytes_.size() - position_, " bytes left"));
    return 0;
  }
  return head.value;
}

bool MsgpackReader::Nil() {
  if (!ok() || position_ >= bytes_.size() || bytes_[position_] != '\xc0') return false;
  ++position_;
  return true;
}

bool MsgpackReader::Bool() { return Expect(Kind::kBool, "a boolean").value != 0; }

uint64_t MsgpackReader::Uint(uint64_t max) {
  const uint64_t value = Expect(Kind::kUint, "an unsigned integer").value;
  if (value <= max) return value;
  Fail(absl::StrCat(value), absl::StrCat("at most ", max));
  return 0;
}

int64_t MsgpackReader::Int() {
  const Head head = ReadHead();
  if (!ok()) return 0;
  const bool fits = head.kind == Kind::kNegative || (head.kind == Kind::kUint && head.value <= INT64_MAX);
  if (!fits || !head.canonical) {
    Fail("something else", "a signed integer in its shortest form");
    return 0;
  }
  return static_cast<int64_t>(head.value);
}

absl::string_view MsgpackReader::String() { return Slice(Expect(Kind::kString, "a string").value); }

absl::string_view MsgpackReader::Binary() { return Slice(Expect(Kind::kBinary, "bytes").value); }

size_t MsgpackReader::ArrayHeader() { return Count(Expect(Kind::kArray, "an array"), 1); }

void MsgpackReader::ArrayHeaderOf(size_t elements) {
  const size_t found = ArrayHeader();
  if (found != elements) Fail(absl::StrCat("an array of ", found), absl::StrCat("one of ", elements));
}

size_t MsgpackReader::MapHeader() { return Count(Expect(Kind::kMap, "a map"), 2); }

absl::string_view MsgpackReader::RawValue() {
  const size_t begin = position_;
  // Counted instead of recursed into, so depth costs nothing.
  for (size_t pending = 1; pending > 0 && ok(); --pending) {
    const Head head = ReadHead();
    switch (head.kind) {
      case Kind::kArray: pending += Count(head, 1); break;
      case Kind::kMap: pending += 2 * Count(head, 2); break;
      case Kind::kBinary:
      case Kind::kString:
      case Kind::kFloat:
      case Kind::kExtension: Slice(head.value); break;
      case Kind::kUint:
      case Kind::kNegative:
      case Kind::kNil:
      case Kind::kBool:
      case Kind::kNone: break;
    }
  }
  return ok() ? bytes_.substr(begin, position_ - begin) : absl::string_view();
}

absl::Status MsgpackReader::Finish() {
  value_start_ = position_;
  if (position_ != bytes_.size()) Fail(absl::StrCat(bytes_.size() - position_, " bytes"), "the end");
  return status_;
}

}  // namespace tokensvc::macaroon
