#ifndef FLYD_INIT_TOKENS_METADATA_RULES_H_
#define FLYD_INIT_TOKENS_METADATA_RULES_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

// What the metadata endpoint of a machine answers. Pure.
namespace flyd {

struct MetadataRequest {
  absl::string_view method;
  absl::string_view target;         // origin form
  absl::string_view flavor;         // of Metadata-Flavor
  bool forwarded = false;           // has an X-Forwarded-For
  absl::string_view authorization;  // of Authorization
};

// Either `audience`: a token for it is the answer. Or the answer itself.
struct MetadataVerdict {
  std::optional<std::string> audience;
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
};

// Google's rules for its metadata server, and one more: GET alone, with `Metadata-Flavor: Google` and without
// X-Forwarded-For, which no browser and no fooled proxy sends; and the `secret`, before the path (/SECRET/computeMetadata/…)
// or as `Authorization: Bearer SECRET`. Answers
//   /computeMetadata/v1/instance/service-accounts/default/identity?audience=A   a token for A; other parameters mean nothing
//   /computeMetadata/v1/instance/service-accounts/default/?recursive=true, …/default/email   `account`
//   /   that somebody is here; the only answer without the secret: libraries look for a server so
// and refuses all else: 401, 403, 404, 405; 400 where `audience` is absent, twice, over 255 bytes or not readable.
MetadataVerdict JudgeMetadataRequest(const MetadataRequest& request, absl::string_view secret, absl::string_view account);

}  // namespace flyd

#endif  // FLYD_INIT_TOKENS_METADATA_RULES_H_
