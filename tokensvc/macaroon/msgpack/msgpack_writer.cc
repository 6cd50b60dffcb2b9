#include "tokensvc/macaroon/msgpack/msgpack_writer.h"

namespace tokensvc::macaroon {

void MsgpackWriter::BigEndian(uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) bytes_.push_back(static_cast<char>(value >> shift));
}

void MsgpackWriter::Tagged(uint8_t tag, uint64_t value, int bytes) {
  bytes_.push_back(static_cast<char>(tag));
  BigEndian(value, bytes);
}

void MsgpackWriter::Uint(uint64_t value) {
  if (value <= 0x7f) return BigEndian(value, 1);
  if (value <= 0xff) return Tagged(0xcc, value, 1);
  if (value <= 0xffff) return Tagged(0xcd, value, 2);
  if (value <= 0xffffffff) return Tagged(0xce, value, 4);
  Tagged(0xcf, value, 8);
}

void MsgpackWriter::Int(int64_t value) {
  const uint64_t bits = static_cast<uint64_t>(value);
  if (value >= 0) return Uint(bits);
  if (value >= -32) return BigEndian(bits, 1);
  if (value >= INT8_MIN) return Tagged(0xd0, bits, 1);
  if (value >= INT16_MIN) return Tagged(0xd1, bits, 2);
  if (value >= INT32_MIN) return Tagged(0xd2, bits, 4);
  Tagged(0xd3, bits, 8);
}

void MsgpackWriter::String(absl::string_view value) {
  if (value.size() < 32) {
    BigEndian(0xa0 | value.size(), 1);
  } else if (value.size() <= 0xff) {
    Tagged(0xd9, value.size(), 1);
  } else if (value.size() <= 0xffff) {
    Tagged(0xda, value.size(), 2);
  } else {
    Tagged(0xdb, value.size(), 4);
  }
  Raw(value);
}

void MsgpackWriter::Binary(absl::string_view value) {
  if (value.size() <= 0xff) {
    Tagged(0xc4, value.size(), 1);
  } else if (value.size() <= 0xffff) {
    Tagged(0xc5, value.size(), 2);
  } else {
    Tagged(0xc6, value.size(), 4);
  }
  Raw(value);
}

void MsgpackWriter::ArrayHeader(size_t elements) {
  if (elements < 16) return BigEndian(0x90 | elements, 1);
  if (elements <= 0xffff) return Tagged(0xdc, elements, 2);
  Tagged(0xdd, elements, 4);
}

void MsgpackWriter::MapHeader(size_t entries) {
  if (entries < 16) return BigEndian(0x80 | entries, 1);
  if (entries <= 0xffff) return Tagged(0xde, entries, 2);
  Tagged(0xdf, entries, 4);
}

}  // namespace tokensvc::macaroon
