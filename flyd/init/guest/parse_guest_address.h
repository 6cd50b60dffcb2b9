#ifndef FLYD_INIT_GUEST_PARSE_GUEST_ADDRESS_H_
#define FLYD_INIT_GUEST_PARSE_GUEST_ADDRESS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flyd {

// Where a platform says that flyd is.
struct GuestPlace {
  std::string folder;  // absolute, with api.sock; "": the port
  uint32_t cid = 0;
  uint32_t port = 0;
};

// `unix:FOLDER` or `vsock:CID:PORT`. InvalidArgument.
absl::StatusOr<GuestPlace> ParseGuestAddress(absl::string_view text);

}  // namespace flyd

#endif  // FLYD_INIT_GUEST_PARSE_GUEST_ADDRESS_H_
