#include "tests/macaroon/random_values.h"

#include <utility>

namespace tests {

namespace m = tokensvc::macaroon;

int64_t RandomValues::Int() {
  const int64_t value = static_cast<int64_t>(Uint() >> 1);
  return Below(2) == 0 ? value : -value - 1;
}

std::string RandomValues::Bytes(size_t most) {
  std::string bytes;
  for (uint64_t left = Below(most + 1); left > 0; --left) bytes.push_back(static_cast<char>(engine_()));
  return bytes;
}

template <typename Set>
Set RandomValues::RandomSet() {
  Set set;
  for (uint64_t left = Below(20); left > 0; --left) {
    const auto mask = static_cast<m::Action>(Uint() & 0xffff);
    if constexpr (std::is_same_v<Set, m::ResourceSet<uint64_t>>) {
      set.emplace(Uint(), mask);
    } else {
      set.emplace(Bytes(40), mask);
    }
  }
  return set;
}

m::Caveat RandomValues::Caveat(int depth) {
  using Numbers = m::ResourceSet<uint64_t>;
  using Strings = m::ResourceSet<std::string>;
  switch (Below(depth < 3 ? 20 : 18)) {
    case 0: return {m::Organization{Uint(), static_cast<m::Action>(Uint() & 0xffff)}};
    case 1: return {m::Volumes{RandomSet<Strings>()}};
    case 2: return {m::Apps{RandomSet<Numbers>()}};
    case 3: return {m::ValidityWindow{Int(), Int()}};
    case 4: return {m::Mutations{std::vector<std::string>(Below(20), Bytes(300))}};
    case 5: return {m::Mutations{}};
    case 6: return {m::ConfineUser{Uint()}};
    case 7: return {m::BindToParentToken{Bytes(300)}};
    case 8: return {m::ThirdParty{Bytes(300), Bytes(60), Bytes(300)}};
    case 9: return {m::FromMachineSource{Bytes(70)}};
    case 10: return {m::IsMember{}};
    case 11: return {m::GoogleUserId{"\x01" + Bytes(9)}};
    case 12: return {m::ActionLimit{static_cast<m::Action>(Uint() & 0xffff)}};
    case 13: return {m::Commands{}};
    case 14:
      return {m::Commands{std::vector<m::Commands::Entry>(
          Below(20), {std::vector<std::string>(Below(20), Bytes(3)), Below(2) == 0})}};
    case 15: return {m::AllowedRoles{static_cast<uint32_t>(Uint())}};
    case 16: return {m::FlySrc{Bytes(33), Bytes(33), Bytes(33)}};
    case 17: return {m::Unregistered{(uint64_t{1} << 48) + Below(9), std::string("\x92\xc0\xcd\x00\x01", 5)}};
    default: return {m::IfPresent{Caveats(4, depth + 1), static_cast<m::Action>(Uint() & 0xffff)}};
  }
}

std::vector<m::Caveat> RandomValues::Caveats(size_t most, int depth) {
  std::vector<m::Caveat> caveats;
  for (uint64_t left = Below(most + 1); left > 0; --left) caveats.push_back(Caveat(depth));
  return caveats;
}

std::string RandomValues::Mutated(std::string bytes) {
  for (uint64_t left = 1 + Below(4); left > 0; --left) {
    if (bytes.empty()) return Bytes(20);
    const size_t at = Below(bytes.size());
    switch (Below(5)) {
      case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << Below(8))); break;
      case 1: bytes[at] = static_cast<char>(engine_()); break;
      case 2: bytes.erase(at, 1 + Below(4)); break;
      case 3: bytes.insert(at, bytes.substr(at, 1 + Below(8))); break;
      default: bytes += Bytes(3); break;
    }
  }
  return bytes;
}

}  // namespace tests
