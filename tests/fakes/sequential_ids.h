#ifndef TESTS_FAKES_SEQUENTIAL_IDS_H_
#define TESTS_FAKES_SEQUENTIAL_IDS_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "tokensvc/unique_id_source.h"

namespace tests {

// 1, 2, 3… in the first seven bytes (a machine id) and in the last seven, big-endian, so that every cut of them differs.
// Thread-safe.
class SequentialIds final : public tokensvc::UniqueIdSource {
 public:
  std::string NewBytes() override {
    const uint64_t n = ++count_;
    std::string bytes(16, '\0');
    for (int i = 0; i < 7; ++i) bytes[i] = bytes[9 + i] = static_cast<char>(n >> (8 * (6 - i)));
    return bytes;
  }

 private:
  std::atomic<uint64_t> count_{0};
};

}  // namespace tests

#endif  // TESTS_FAKES_SEQUENTIAL_IDS_H_
