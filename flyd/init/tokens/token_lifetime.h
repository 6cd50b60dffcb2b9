#ifndef FLYD_INIT_TOKENS_TOKEN_LIFETIME_H_
#define FLYD_INIT_TOKENS_TOKEN_LIFETIME_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace flyd {

// "exp" less "iat" of a compact JWT, unverified: only to plan its refresh. nullopt if it cannot be read or is not
// positive.
std::optional<absl::Duration> TokenLifetime(absl::string_view jwt);

}  // namespace flyd

#endif  // FLYD_INIT_TOKENS_TOKEN_LIFETIME_H_
