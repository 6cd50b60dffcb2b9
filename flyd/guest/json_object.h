#ifndef FLYD_GUEST_JSON_OBJECT_H_
#define FLYD_GUEST_JSON_OBJECT_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json_fwd.hpp"

namespace flyd {

// The body as one JSON object (RFC 8259). InvalidArgument `body: found, want`: anything else, a member twice (two readers of one
// body must not differ), a byte order mark, or anything after the object, a NUL included.
absl::StatusOr<nlohmann::json> ParseJsonObject(absl::string_view body);

}  // namespace flyd

#endif  // FLYD_GUEST_JSON_OBJECT_H_
