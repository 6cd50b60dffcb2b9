#ifndef FLYD_CONTROL_CHECK_IDENTITY_CONFIG_H_
#define FLYD_CONTROL_CHECK_IDENTITY_CONFIG_H_

#include "absl/status/status.h"
#include "proto/machines/v1/machines.pb.h"

namespace flyd {

// The bounds of IdentityConfig in proto/machines/v1/machines.proto. InvalidArgument `config.identity.FIELD: found, want`.
absl::Status CheckIdentityConfig(const fly::machines::v1::IdentityConfig& identity);

}  // namespace flyd

#endif  // FLYD_CONTROL_CHECK_IDENTITY_CONFIG_H_
