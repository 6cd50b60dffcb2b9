#ifndef FLYD_INIT_GATE_LOCKED_SECRET_H_
#define FLYD_INIT_GATE_LOCKED_SECRET_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flyd {

// A secret in pages of its own: never swapped out (where the limit on locked memory allows), never in a core file, absent
// from every forked child, zeroed when destroyed. Has no operator<< and no copy.
//
// PID 1 has this and not storage::SecretBytes because a child that it forks must not even for a moment hold the Macaroon.
class LockedSecret {
 public:
  LockedSecret() = default;
  // Unavailable: no memory. The caller zeroes its own copy.
  static absl::StatusOr<LockedSecret> Create(absl::string_view secret);
  ~LockedSecret();
  LockedSecret(LockedSecret&& other) noexcept;
  LockedSecret& operator=(LockedSecret&& other) noexcept;

  // Searching for this name finds every place that touches the Macaroon.
  absl::string_view Reveal() const { return absl::string_view(data_, size_); }

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t mapped_ = 0;
};

}  // namespace flyd

#endif  // FLYD_INIT_GATE_LOCKED_SECRET_H_
