#ifndef TOKENSVC_NAMES_H_
#define TOKENSVC_NAMES_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

// The forms of everything that ends up in a claim. Each check answers InvalidArgument `found, want`; the caller puts the
// subject before it.
namespace tokensvc {

// Slugs, names, regions, workers: [a-z0-9-], 1..max_bytes, no hyphen at either end.
absl::Status CheckName(absl::string_view name, size_t max_bytes);

// 14 lower-case hex digits.
absl::Status CheckMachineId(absl::string_view id);

// 26 characters of Crockford's base 32, the first 0..7.
absl::Status CheckUlid(absl::string_view ulid);

// 1..512 printable ASCII bytes without space.
absl::Status CheckImage(absl::string_view image);

// "sha256:" and 64 lower-case hex digits.
absl::Status CheckImageDigest(absl::string_view digest);

// 1..255 bytes of UTF-8 without control characters.
bool IsAudience(absl::string_view audience);

// 20..2,048 printable ASCII bytes without space.
bool IsRoleArn(absl::string_view arn);

}  // namespace tokensvc

#endif  // TOKENSVC_NAMES_H_
