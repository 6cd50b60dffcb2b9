#ifndef TOKENSVC_MACAROON_MSGPACK_MSGPACK_WRITER_H_
#define TOKENSVC_MACAROON_MSGPACK_MSGPACK_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace tokensvc::macaroon {

// Writes msgpack in its one canonical form: every number and length in the fewest bytes. What is written here is what
// a Macaroon's chain MACs. The caller balances headers and elements.
class MsgpackWriter {
 public:
  void Nil() { bytes_.push_back('\xc0'); }
  void Bool(bool value) { bytes_.push_back(value ? '\xc3' : '\xc2'); }
  void Uint(uint64_t value);
  void Int(int64_t value);  // from 0 on the same bytes as Uint
  void String(absl::string_view value);
  void Binary(absl::string_view value);
  void ArrayHeader(size_t elements);
  void MapHeader(size_t entries);  // keys are written in ascending order
  void Raw(absl::string_view value) { bytes_.append(value.data(), value.size()); }

  const std::string& bytes() const { return bytes_; }
  std::string Take() && { return std::move(bytes_); }

 private:
  void BigEndian(uint64_t value, int bytes);
  void Tagged(uint8_t tag, uint64_t value, int bytes);

  std::string bytes_;
};

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_MSGPACK_MSGPACK_WRITER_H_
