#include "tokensvc/unique_id_source.h"

#include <openssl/rand.h>

#include <array>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tokensvc {
namespace {

class KernelIds final : public UniqueIdSource {
 public:
  std::string NewBytes() override {
    std::string bytes(16, '\0');
    RAND_bytes(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size());  // BoringSSL aborts rather than fail
    return bytes;
  }
};

// Appends the low 5 * digits bits of the big-endian number in `bytes`, most significant first.
std::string Crockford(const std::array<uint8_t, 16>& bytes) {
  static constexpr absl::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string text(26, '0');
  for (int digit = 25; digit >= 0; --digit) {
    const int low_bit = (25 - digit) * 5;
    unsigned value = 0;
    for (int bit = 4; bit >= 0; --bit) {
      const int position = low_bit + bit;
      const unsigned set = position < 128 ? (bytes[15 - position / 8] >> (position % 8)) & 1u : 0u;
      value = value << 1 | set;
    }
    text[digit] = kDigits[value];
  }
  return text;
}

}  // namespace

UniqueIdSource& RandomIds() {
  static KernelIds* const ids = new KernelIds;
  return *ids;
}

std::string NewHexId(UniqueIdSource& ids) { return absl::BytesToHexString(ids.NewBytes()); }

std::string NewUuid(UniqueIdSource& ids) {
  std::string bytes = ids.NewBytes();
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = absl::BytesToHexString(bytes);
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-", hex.substr(16, 4), "-",
                      hex.substr(20));
}

std::string NewUlid(UniqueIdSource& ids, absl::Time now) {
  const std::string random = ids.NewBytes();
  const uint64_t millis = static_cast<uint64_t>(absl::ToUnixMillis(now));
  std::array<uint8_t, 16> bytes;
  for (int i = 0; i < 6; ++i) bytes[i] = static_cast<uint8_t>(millis >> (8 * (5 - i)));
  for (int i = 6; i < 16; ++i) bytes[i] = static_cast<uint8_t>(random[i]);
  return Crockford(bytes);
}

std::string NewMachineId(UniqueIdSource& ids) { return absl::BytesToHexString(ids.NewBytes().substr(0, 7)); }

}  // namespace tokensvc
