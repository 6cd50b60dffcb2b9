#ifndef TOKENSVC_MACAROON_MSGPACK_MSGPACK_READER_H_
#define TOKENSVC_MACAROON_MSGPACK_MSGPACK_READER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tokensvc::macaroon {

// Reads msgpack that is in canonical form (msgpack_writer.h) and nothing else.
//
// The first fault sticks: from then on every read answers zero, empty or false, and loops over a count end. So a caller
// reads a whole value, asks status() or Finish() once, and believes nothing before that. Reads never look past the
// end, allocate nothing, and a count is never larger than the bytes that are left.
//
// `bytes` outlives the reader and whatever views it gave.
class MsgpackReader {
 public:
  explicit MsgpackReader(absl::string_view bytes) : bytes_(bytes) {}

  bool Nil();  // true, and past it, if the next value is nil; no fault if it is not
  bool Bool();
  uint64_t Uint(uint64_t max = std::numeric_limits<uint64_t>::max());
  int64_t Int();
  absl::string_view String();
  absl::string_view Binary();
  size_t ArrayHeader();
  void ArrayHeaderOf(size_t elements);  // any other count is a fault
  size_t MapHeader();

  // One whole value of any kind, as it stands: well formed, not necessarily canonical.
  absl::string_view RawValue();

  // Reports a fault that the caller found in what it read last.
  void Fail(absl::string_view found, absl::string_view want);

  bool ok() const { return status_.ok(); }
  size_t position() const { return position_; }

  // InvalidArgument naming the byte at fault.
  const absl::Status& status() const { return status_; }

  // The same, and trailing bytes are a fault.
  absl::Status Finish();

  // Nested containers that the caller is inside of; the caller counts and limits them.
  size_t depth = 0;

 private:
  enum class Kind { kUint, kNegative, kNil, kBool, kBinary, kString, kArray, kMap, kFloat, kExtension, kNone };
  // What a value begins with. `value` is the number itself, or the length or count that follows.
  struct Head {
    Kind kind = Kind::kNone;
    uint64_t value = 0;
    bool canonical = true;
  };

  Head ReadHead();
  Head ReadTaggedHead(uint8_t tag);
  uint64_t BigEndian(size_t bytes);
  Head Expect(Kind kind, absl::string_view want);
  absl::string_view Slice(uint64_t length);
  size_t Count(const Head& head, size_t bytes_each);

  absl::string_view bytes_;
  size_t position_ = 0;
  size_t value_start_ = 0;  // of the value being read, for messages
  absl::Status status_;
};

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_MSGPACK_MSGPACK_READER_H_
