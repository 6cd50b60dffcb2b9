#ifndef TOOLS_TRUST_TRUTH_H_
#define TOOLS_TRUST_TRUTH_H_

#include <algorithm>

namespace tools {

// Kleene's logic: what a policy says that nobody here can judge stays unknown, unless the rest decides without it.
// The order is that of And (the least) and Or (the greatest).
enum class Truth { kFalse, kUnknown, kTrue };

constexpr Truth TruthOf(bool value) { return value ? Truth::kTrue : Truth::kFalse; }
constexpr Truth And(Truth a, Truth b) { return std::min(a, b); }
constexpr Truth Or(Truth a, Truth b) { return std::max(a, b); }
constexpr Truth Not(Truth a) {
  if (a == Truth::kUnknown) return a;
  return TruthOf(a == Truth::kFalse);
}

}  // namespace tools

#endif  // TOOLS_TRUST_TRUTH_H_
