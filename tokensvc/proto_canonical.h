#ifndef TOKENSVC_PROTO_CANONICAL_H_
#define TOKENSVC_PROTO_CANONICAL_H_

#include <string>

#include "absl/strings/string_view.h"

namespace google::protobuf {
class Message;
}

// Signed messages have one serialization: fields in order of their numbers, each at most once, nothing unknown. Else one
// statement would have many hashes, and a signed message could carry bytes that nobody looked at.
namespace tokensvc {

std::string SerializeCanonical(const google::protobuf::Message& message);

// Whether `bytes` is exactly what SerializeCanonical gives for the message that they hold. `message` holds it then; else
// its content is unspecified.
bool ParseCanonical(absl::string_view bytes, google::protobuf::Message& message);

}  // namespace tokensvc

#endif  // TOKENSVC_PROTO_CANONICAL_H_
