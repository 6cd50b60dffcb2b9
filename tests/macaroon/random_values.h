#ifndef TESTS_MACAROON_RANDOM_VALUES_H_
#define TESTS_MACAROON_RANDOM_VALUES_H_

#include <random>
#include <string>
#include <vector>

#include "tokensvc/macaroon/caveats/caveat.h"

namespace tests {

// Seeded values for properties: the same seed gives the same sequence on every machine.
class RandomValues {
 public:
  explicit RandomValues(uint32_t seed) : engine_(seed) {}

  uint64_t Below(uint64_t bound) { return engine_() % bound; }

  // Of every width, since widths are where encodings differ.
  uint64_t Uint() { return engine_() >> Below(64); }
  int64_t Int();
  std::string Bytes(size_t most);

  // One caveat of any registered or unknown type, canonical.
  tokensvc::macaroon::Caveat Caveat(int depth = 0);
  std::vector<tokensvc::macaroon::Caveat> Caveats(size_t most, int depth = 0);

  // `bytes` with a few bits flipped, bytes removed, doubled or appended.
  std::string Mutated(std::string bytes);

 private:
  template <typename Set>
  Set RandomSet();

  std::mt19937_64 engine_;
};

}  // namespace tests

#endif  // TESTS_MACAROON_RANDOM_VALUES_H_
