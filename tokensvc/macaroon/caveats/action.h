#ifndef TOKENSVC_MACAROON_CAVEATS_ACTION_H_
#define TOKENSVC_MACAROON_CAVEATS_ACTION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tokensvc::macaroon {

// A set of things that may be done. Persisted in every token ever issued: append only, a bit is never reused.
// Bits without a name here may appear in tokens of others and are kept.
enum class Action : uint16_t {
  kNone = 0,
  kRead = 1,     // r
  kWrite = 2,    // w
  kCreate = 4,   // c
  kDelete = 8,   // d
  kControl = 16, // C: start, stop and signal without editing
  kAll = 31,     // every named bit
};

constexpr Action operator|(Action a, Action b) {
  return static_cast<Action>(static_cast<uint16_t>(a) | static_cast<uint16_t>(b));
}
constexpr Action operator&(Action a, Action b) {
  return static_cast<Action>(static_cast<uint16_t>(a) & static_cast<uint16_t>(b));
}

// kNone is a subset of everything.
constexpr bool IsSubset(Action of, Action in) { return (of & in) == of; }

// The letters of the named bits in the order "rwcdC"; "" for kNone; bits without a name are not shown.
std::string ActionText(Action action);

// The reverse; "*" is all sixteen bits. InvalidArgument: a letter that is none of them.
absl::StatusOr<Action> ParseAction(absl::string_view text);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_CAVEATS_ACTION_H_
