#ifndef TOKENSVC_MACAROON_CAVEATS_CAVEAT_CODEC_H_
#define TOKENSVC_MACAROON_CAVEATS_CAVEAT_CODEC_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tokensvc/macaroon/caveats/caveat.h"
#include "tokensvc/macaroon/msgpack/msgpack_reader.h"
#include "tokensvc/macaroon/msgpack/msgpack_writer.h"

// The caveat container of macaroon_format.md: an array of type, body, type, body…
namespace tokensvc::macaroon {

// A container of the given caveats; of one, it is the message that the chain MACs.
std::string EncodeCaveats(absl::Span<const Caveat> caveats);
std::string EncodeCaveat(const Caveat& caveat);

// InvalidArgument, naming the place: not a container, not the one canonical form of it, or past a limit of
// macaroon_limits.h. Bodies of unknown types need only be one well-formed value each.
absl::StatusOr<std::vector<Caveat>> DecodeCaveats(absl::string_view container);

// The same inside a larger value; the reader keeps the fault.
std::vector<Caveat> ReadCaveats(MsgpackReader& reader);
void WriteCaveats(absl::Span<const Caveat> caveats, MsgpackWriter& writer);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_CAVEATS_CAVEAT_CODEC_H_
